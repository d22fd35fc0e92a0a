/** The states of a boot, from the last one to the first: the order of a stack from the bottom up. */
const fromOnlineToOff = [
  "online",
  "syslog",
  "registration",
  "check",
  "tftp",
  "ntp",
  "time",
  "dhcp",
  "ranging",
  "modem",
  "pausing",
  "failed",
  "off",
] as const;

const known: ReadonlySet<string> = new Set(fromOnlineToOff);

/** `states` from on line to off. Unknown ones, perhaps of a later version, come last. */
export function stackOrder(states: Iterable<string>): string[] {
  const present = new Set(states);
  return [
    ...fromOnlineToOff.filter((state) => present.has(state)),
    ...[...present].filter((state) => !known.has(state)).sort(),
  ];
}

/** The page's variable for the colour of a boot state or step: the same in charts and waterfalls. */
export function stateColour(state: string): string {
  return known.has(state) ? `--s-${state}` : "--soft";
}
