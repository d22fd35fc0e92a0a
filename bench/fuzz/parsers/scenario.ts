import { readScenario } from "../../../scenarios/language/scenario-file.ts";
import type { ReadContext } from "../../../scenarios/yaml/include.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { checkReading, utf8Text } from "./oracle.ts";

const FILE = "scenario.yaml";
/** A file that includes itself by another name, and a variable that has a value. */
const context: ReadContext = {
  variables: { DEVICES: "100", TEXT: "a: [" },
  open: (written) => {
    if (written === "none.yaml") return { kind: "failed", reason: "there is no such file" };
    return { kind: "ok", file: written, text: "include: other.yaml\nname: other\n" };
  },
};

export const target: FuzzTarget = {
  read: (bytes) => checkReading(readScenario(FILE, utf8Text(bytes), [], context)),
  words: [
    ...[
      "schema: provlab/scenario@1\n",
      "name: a\n",
      "seed: 1\n",
      "population:\n",
      "phases:\n",
      "streams:\n",
    ],
    ...[
      "  cableModems: ",
      "cmts: ",
      "exchange: discover",
      "exchange: renew",
      "rate: 500",
      "duration: 1m",
      "boot:\n",
    ],
    ...[
      "thresholds:\n",
      "latencyMs.p99: < 10",
      "events:\n",
      "pair:\n",
      "network:\n",
      "loss: 1%",
      "personas:\n",
    ],
    ...[
      "include: other.yaml\n",
      "\x24{DEVICES}",
      "\x24{TEXT:-1}",
      "- { ",
      "&a ",
      "*a",
      "<<: ",
      "!!binary ",
      "? ",
      "|\n",
      ">\n",
      "ramp:",
    ],
  ],
};
