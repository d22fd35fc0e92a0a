import { readRegistrations, readTemplate } from "../../../server/tftp/device-registration.ts";
import { readJson } from "../../../server/tftp/json-content.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check } from "./oracle.ts";

/** The file of registrations, and that of a template: one that is refused says why. */
export const target: FuzzTarget = {
  read: (bytes) => {
    for (const reading of [readJson(bytes, readRegistrations), readJson(bytes, readTemplate)]) {
      check("refused without a reason", reading.kind !== "failed" || reading.message !== "");
    }
  },
  words: [
    ...[
      '"schema":"provlab/registrations@1"',
      '"devices":[',
      '{"mac":"02:10:00:00:00:01","template":"a"}',
    ],
    ...[
      '"settings":[',
      '{"networkAccess":true}',
      '"provlab/template@1"',
      '{"snmpObject":',
      '"type":1',
      '"value":"00"',
    ],
  ],
};
