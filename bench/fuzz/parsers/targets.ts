import type { FuzzTarget } from "./fuzz-target.ts";

export interface FuzzTargetEntry {
  /** Only what a target needs is loaded, and instrumented, for its process. */
  readonly load: () => Promise<{ readonly target: FuzzTarget }>;
  /** Good inputs of the repository besides the target's own corpus: `folder/*.end`. */
  readonly seeds?: readonly string[];
}

/** Every parser that reads bytes from outside, by the name of its file here and of its folder in test/corpus. */
export const fuzzTargets = {
  dhcp: { load: () => import("./dhcp.ts") },
  tftp: { load: () => import("./tftp.ts") },
  syslog: { load: () => import("./syslog.ts") },
  ntp: { load: () => import("./ntp.ts") },
  time: { load: () => import("./time.ts") },
  icmp: { load: () => import("./icmp.ts") },
  heartbeat: { load: () => import("./heartbeat.ts") },
  omapi: { load: () => import("./omapi.ts") },
  mirror: { load: () => import("./mirror.ts") },
  etcd: { load: () => import("./etcd.ts") },
  "dhcpd-conf": { load: () => import("./dhcpd-conf.ts"), seeds: ["examples/*.conf"] },
  "lease-file": {
    load: () => import("./lease-file.ts"),
    seeds: ["server/lease/format/corpus/*.leases"],
  },
  "prov-yaml": {
    load: () => import("./prov-yaml.ts"),
    seeds: ["examples/prov.yaml", "examples/pair/*.yaml"],
  },
  registrations: {
    load: () => import("./registrations.ts"),
    seeds: ["examples/device-files/*.json", "examples/device-files/templates/*.json"],
  },
  docsis: { load: () => import("./docsis.ts") },
  scenario: { load: () => import("./scenario.ts"), seeds: ["scenarios/*.yaml"] },
  persona: { load: () => import("./persona.ts") },
  histogram: { load: () => import("./histogram.ts") },
  "result-json": { load: () => import("./result-json.ts") },
  "agent-order": { load: () => import("./agent-order.ts") },
  pcap: { load: () => import("./pcap.ts") },
  trace: { load: () => import("./trace.ts") },
} as const satisfies Readonly<Record<string, FuzzTargetEntry>>;

export type FuzzTargetName = keyof typeof fuzzTargets;

export const fuzzTargetNames = Object.keys(fuzzTargets) as FuzzTargetName[];

const MARGIN_BYTES = 32;

/**
 * Gives the bytes to the target as a view of larger memory, as from a receive buffer, so that reading
 * beyond them shows. Throws what the target throws.
 */
export function play({ read }: FuzzTarget, bytes: Uint8Array): void {
  const memory = new Uint8Array(bytes.length + 2 * MARGIN_BYTES).fill(0xa5);
  memory.set(bytes, MARGIN_BYTES);
  read(memory.subarray(MARGIN_BYTES, MARGIN_BYTES + bytes.length));
}
