import { readPersonaFile } from "../../../scenarios/population/captured-persona.ts";
import { printPersona } from "../../../scenarios/population/print-persona.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { checkReading, checkSame, utf8Text } from "./oracle.ts";

/** A persona is printed to a file that means the same. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const reading = readPersonaFile("persona.yaml", utf8Text(bytes));
    checkReading(reading);
    if (reading.kind === "failed") return;
    const again = readPersonaFile("persona.yaml", printPersona(reading.persona, ["A head line."]));
    checkSame("printed again", again.kind === "ok" && again.persona, reading.persona);
  },
  words: [
    ...[
      "schema: provlab/persona@1\n",
      "name: a\n",
      "secs: elapsed\n",
      "retransmit: [4s, 8s]\n",
      "messages:\n",
    ],
    ...[
      "  discover:\n",
      "    options:\n",
      '      - { code: 53, value: "01" }\n',
      "flags: 32768\n",
      "length: 300\n",
    ],
    ...[
      "request-selecting:\n",
      'sname: "00"\n',
      'trailer: "ff"\n',
      "{mac}",
      "{xid}",
      "{client-id}",
    ],
  ],
};
