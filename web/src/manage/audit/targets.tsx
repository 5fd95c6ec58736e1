import type { NameTarget, Target } from "./target_names.js";
import { useAuditText } from "./texts.js";

interface TargetsProps {
  targets: readonly Target[];
  nameTarget: NameTarget;
}

/** The objects of an action, by their current names. */
export function Targets({ targets, nameTarget }: TargetsProps) {
  const text = useAuditText();
  const names = targets.map((target) => {
    const name = nameTarget(target);
    return `${text.types[target.type] ?? target.type} ${name === null ? `(${text.gone})` : (name ?? "")}`.trim();
  });
  return (
    <ul>
      {[...countEach(names)].map(([name, count]) => (
        <li key={name}>
          <bdi>{name}</bdi>
          {count > 1 && ` × ${count}`}
        </li>
      ))}
    </ul>
  );
}

function countEach(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
