import type { NetworkDirectionResult, PersonaResult, RunResult } from "../result/run-result.ts";
import { formatCount } from "./format.ts";

/** A table as text, for every renderer. The first column has words, the others counts. */
export interface PlantTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Only what the run had: devices with something wrong, a worse network, several servers. */
export function plantTablesOf({ personas, network, answeredBy }: RunResult): PlantTable[] {
  const faulty = personas?.map((persona) => [shareOf(persona), persona] as const);
  const directions = network && [
    ["to the server", network.toServer] as const,
    ["to the devices", network.toDevices] as const,
  ];
  const servers = answeredBy?.map((each) => [each.server, each] as const);
  return [
    ...countTable("Devices with something wrong", "persona", personaColumns, faulty),
    ...countTable("What the network did", "datagrams", networkColumns, directions),
    ...countTable("ACKs by server", "server", [["acknowledged", "ACKs"]], servers),
  ];
}

function shareOf({ kind, of, percent }: PersonaResult): string {
  return `${kind} (${percent} % of ${of ?? "all"})`;
}

type Columns<Counts> = readonly (readonly [field: keyof Counts, head: string])[];

const personaColumns = [
  ["devices", "devices"],
  ["bound", "bound at end"],
  ["completed", "exchanges"],
  ["naks", "NAKs"],
  ["declines", "declines"],
  ["timeouts", "time-outs"],
  ["retransmissions", "retrans."],
  ["twinLeases", "twins' leases"],
] as const satisfies Columns<PersonaResult>;

const networkColumns: Columns<NetworkDirectionResult> = [
  ["lost", "lost"],
  ["delayed", "delayed"],
  ["duplicated", "duplicated"],
  ["reordered", "reordered"],
  ["throttled", "waited at a CMTS"],
  ["dropped", "dropped by a CMTS"],
];

/** No table if the run has no such rows. */
function countTable<Field extends string>(
  title: string,
  what: string,
  columns: readonly (readonly [Field, string])[],
  rows: readonly (readonly [string, Readonly<Record<Field, number>>])[] | undefined,
): PlantTable[] {
  if (rows === undefined) return [];
  const cells = rows.map(([name, counts]) => [
    name,
    ...columns.map(([field]) => formatCount(counts[field])),
  ]);
  return [{ title, head: [what, ...columns.map(([, head]) => head)], rows: cells }];
}
