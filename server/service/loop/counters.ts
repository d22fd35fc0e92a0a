/** Counters of a service: plain ones, and groups of them. */
export type Counters = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** Every counter by a dotted name (`dropped.rate`), zeros included. */
export function dotted(counters: Counters): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(counters).flatMap(([name, value]) =>
      typeof value === "number"
        ? [[name, value]]
        : Object.entries(value).map(([key, count]) => [`${name}.${key}`, count]),
    ),
  );
}
