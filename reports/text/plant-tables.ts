import type { NetworkDirectionResult, PersonaResult, RunResult } from "../result/run-result.ts";
import { formatCount } from "./format.ts";

/** A table as text, for whatever renders it: the first column has words, the others counts. */
export interface PlantTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Only what the run had: devices with something wrong, a worse network, several servers. */
export function plantTablesOf({ personas, network, answeredBy }: RunResult): PlantTable[] {
  return [
    ...(personas === undefined ? [] : [personaTable(personas)]),
    ...(network === undefined
      ? []
      : [
          countTable("What the network did", "datagrams", networkColumns, [
            ["to the server", network.toServer],
            ["to the devices", network.toDevices],
          ]),
        ]),
    ...(answeredBy === undefined
      ? []
      : [
          {
            title: "ACKs by server",
            head: ["server", "ACKs"],
            rows: answeredBy.map(({ server, acknowledged }) => [server, formatCount(acknowledged)]),
          },
        ]),
  ];
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

function personaTable(personas: readonly PersonaResult[]): PlantTable {
  const shareOf = ({ kind, of, percent }: PersonaResult): string =>
    `${kind} (${percent} % of ${of ?? "all"})`;
  return countTable(
    "Devices with something wrong",
    "persona",
    personaColumns,
    personas.map((persona) => [shareOf(persona), persona]),
  );
}

function countTable<Field extends string>(
  title: string,
  what: string,
  columns: readonly (readonly [Field, string])[],
  rows: readonly (readonly [string, Readonly<Record<Field, number>>])[],
): PlantTable {
  return {
    title,
    head: [what, ...columns.map(([, head]) => head)],
    rows: rows.map(([name, counts]) => [
      name,
      ...columns.map(([field]) => formatCount(counts[field])),
    ]),
  };
}
