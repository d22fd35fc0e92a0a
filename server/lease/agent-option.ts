import { hardwareTypes } from "../../protocol/mac.ts";

/** How ISC's grammar writes the value of a sub-option of option 82. */
export type AgentValueKind = "bytes" | "address" | "u32" | "empty";

const known: readonly { code: number; name: string; kind: AgentValueKind }[] = [
  { code: 1, name: "circuit-id", kind: "bytes" },
  { code: 2, name: "remote-id", kind: "bytes" },
  { code: 3, name: "agent-id", kind: "address" },
  { code: 4, name: "DOCSIS-device-class", kind: "u32" },
  { code: 5, name: "link-selection", kind: "address" },
  { code: 19, name: "relay-port", kind: "empty" },
];
const codeByName = new Map(known.map(({ code, name }) => [`agent.${name}`, code]));
const kinds: AgentValueKind[] = Array.from(
  { length: 256 },
  (_, code) => known.find((row) => row.code === code)?.kind ?? "bytes",
);
/** `agent.NAME` of each sub-option code. */
export const agentOptionNames: readonly string[] = Array.from(
  { length: 256 },
  (_, code) => `agent.${known.find((row) => row.code === code)?.name ?? `unknown-${code}`}`,
);

export function agentValueKind(code: number): AgentValueKind {
  return kinds[code];
}

/** Code of an `agent.NAME` (also `agent.unknown-N`); undefined for any other option. */
export function agentOptionCode(name: string): number | undefined {
  const code = codeByName.get(name);
  if (code !== undefined || !name.startsWith("agent.unknown-")) return code;
  const number = Number(name.slice("agent.unknown-".length));
  return Number.isInteger(number) && number >= 1 && number <= 255 ? number : undefined;
}

const hardwareNames = new Map([...hardwareTypes].map(([name, type]) => [type, name]));

/** Hardware types that ISC has no name for are `unknown-N`. */
export function hardwareName(type: number): string {
  return hardwareNames.get(type) ?? `unknown-${type}`;
}

export function hardwareType(name: string): number | undefined {
  const type = /^unknown-(\d{1,3})$/.exec(name)?.[1];
  if (type !== undefined) return Number(type) <= 255 ? Number(type) : undefined;
  return hardwareTypes.get(name);
}
