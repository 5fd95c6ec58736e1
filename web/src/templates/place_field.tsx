import { useState } from "react";
import { useText } from "../language/language.js";
import type { FieldJoins } from "../parts/form/field.js";
import styles from "./place_field.module.css";

interface PlaceFieldProps extends FieldJoins {
  onChange(value: unknown): void;
}

const EMPTY = { latitude: "", longitude: "", name: "", address: "" };

/** A place: its value is given once all inputs are filled in. */
export function PlaceField({ onChange, ...rest }: PlaceFieldProps) {
  const text = useText();
  const [place, setPlace] = useState(EMPTY);
  const change = (part: Partial<typeof EMPTY>) => {
    const next = { ...place, ...part };
    setPlace(next);
    const [latitude, longitude] = [Number(next.latitude), Number(next.longitude)];
    const isComplete = Object.values(next).every(Boolean) && Number.isFinite(latitude) && Number.isFinite(longitude);
    onChange(isComplete ? { latitude, longitude, name: next.name, address: next.address } : undefined);
  };
  const draw = (name: keyof typeof EMPTY, label: string, isNumber = false) => (
    <input
      {...(name === "name" ? rest : {})}
      type="text"
      inputMode={isNumber ? "decimal" : "text"}
      placeholder={label}
      aria-label={label}
      dir="auto"
      value={place[name]}
      onChange={({ target }) => change({ [name]: target.value })}
    />
  );
  return (
    <div className={styles.place}>
      {draw("name", text.templates.placeName)}
      {draw("address", text.templates.address)}
      {draw("latitude", text.templates.latitude, true)}
      {draw("longitude", text.templates.longitude, true)}
    </div>
  );
}
