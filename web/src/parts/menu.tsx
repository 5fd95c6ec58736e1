import * as Dropdown from "@radix-ui/react-dropdown-menu";
import { Check, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./menu.module.css";

interface MenuProps {
  /** The button that opens the menu. */
  trigger: ReactNode;
  align?: "start" | "end";
  onOpenChange?(isOpen: boolean): void;
  /** Takes the focus after the menu was closed, instead of the trigger. */
  onCloseFocus?(): void;
  children: ReactNode;
}

export function Menu({ trigger, align = "end", onOpenChange, onCloseFocus, children }: MenuProps) {
  const moveFocus = (event: Event) => {
    if (!onCloseFocus) return;
    event.preventDefault();
    onCloseFocus();
  };
  return (
    // Modal menus add a style element, which the Content-Security-Policy forbids.
    <Dropdown.Root modal={false} {...(onOpenChange && { onOpenChange })}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          className={styles.content}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={moveFocus}
        >
          {children}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

interface MenuItemProps {
  icon?: LucideIcon;
  isDisabled?: boolean;
  onSelect(): void;
  children: ReactNode;
}

export function MenuItem({ icon: Icon, isDisabled = false, onSelect, children }: MenuItemProps) {
  return (
    <Dropdown.Item className={styles.item} disabled={isDisabled} onSelect={onSelect}>
      {Icon && <Icon size={16} aria-hidden />}
      {children}
    </Dropdown.Item>
  );
}

interface MenuLinkProps {
  icon?: LucideIcon;
  href: string;
  isCurrent?: boolean;
  children: ReactNode;
}

export function MenuLink({ icon: Icon, href, isCurrent = false, children }: MenuLinkProps) {
  return (
    <Dropdown.Item asChild>
      <a className={styles.item} href={href} aria-current={isCurrent ? "page" : undefined}>
        {Icon && <Icon size={16} aria-hidden />}
        {children}
      </a>
    </Dropdown.Item>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly { value: string; label: ReactNode }[];
  onChange(value: string): void;
}

/** A group of items of which one is chosen. */
export function MenuChoice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <>
      <MenuLabel>{label}</MenuLabel>
      <Dropdown.RadioGroup value={value} onValueChange={onChange} aria-label={label}>
        {options.map((option) => (
          <Dropdown.RadioItem key={option.value} value={option.value} className={styles.item}>
            <span className={styles.mark}>
              <Dropdown.ItemIndicator>
                <Check size={16} aria-hidden />
              </Dropdown.ItemIndicator>
            </span>
            {option.label}
          </Dropdown.RadioItem>
        ))}
      </Dropdown.RadioGroup>
    </>
  );
}

interface MenuToggleProps {
  isOn: boolean;
  isDisabled?: boolean;
  onToggle(): void;
  children: ReactNode;
}

/** An item that is on or off. The menu stays open. */
export function MenuToggle({ isOn, isDisabled = false, onToggle, children }: MenuToggleProps) {
  return (
    <Dropdown.CheckboxItem
      className={styles.item}
      checked={isOn}
      disabled={isDisabled}
      onSelect={(event) => {
        event.preventDefault();
        onToggle();
      }}
    >
      <span className={styles.mark}>
        <Dropdown.ItemIndicator>
          <Check size={16} aria-hidden />
        </Dropdown.ItemIndicator>
      </span>
      {children}
    </Dropdown.CheckboxItem>
  );
}

/** The keyboard shortcut of a menu item. */
export const MenuKeys = ({ children }: { children: string }) => (
  <kbd className={styles.keys} aria-hidden>
    {children}
  </kbd>
);

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Dropdown.Label className={styles.label}>{children}</Dropdown.Label>
);

export const MenuLine = () => <Dropdown.Separator className={styles.line} />;
