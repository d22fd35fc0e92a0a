import { type FormatName, formatNames, formats } from "../../../reports/formats.ts";
import { readResult } from "../../../reports/result/read-result.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, utf8Text } from "./oracle.ts";

const assets = { chartScript: "", chartStyle: "", scriptHashes: [] };

/** A result that is read can be rendered in each format. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const reading = readResult(utf8Text(bytes));
    if (reading.kind === "failed") {
      check(
        "refused without a reason",
        reading.problems.every((problem) => problem !== ""),
      );
      check("refused without a reason", reading.problems.length > 0);
      return;
    }
    for (const name of formatNames satisfies readonly FormatName[]) {
      check(`${name} is empty`, formats[name].render(reading.result, assets) !== "");
    }
  },
  words: [
    '"schema":"provlab/result@1"',
    '"provlab/result@2"',
    '"phases":[]',
    '"verdict":"pass"',
    "null",
    "[]",
    "{}",
    "1e308",
    "-1",
  ],
};
