import { DecodeError } from "../../../protocol/decode-error.ts";
import {
  checkCmMic,
  checkCmtsMic,
  decodeCmConfig,
  describeCmSettings,
  readCmSettings,
} from "../../../protocol/docsis/cm-config.ts";
import {
  decodeMtaConfig,
  describeMtaSettings,
  readMtaSettings,
} from "../../../protocol/docsis/mta-config.ts";
import type { Plain } from "../../../protocol/docsis/plain.ts";
import type { SettingsReading } from "../../../protocol/docsis/settings.ts";
import type { Tlv } from "../../../protocol/docsis/tlv.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { checkSame, parsed } from "./oracle.ts";

const secret = new Uint8Array(0);

/** Of the file of a modem or an MTA, the settings as YAML has them are read back to the same ones. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const modem = parsed(DecodeError, () => decodeCmConfig(bytes));
    if (modem !== undefined) checkSettings(modem.tlvs, describeCmSettings, readCmSettings);
    const mta = parsed(DecodeError, () => decodeMtaConfig(bytes));
    if (mta !== undefined) checkSettings(mta.tlvs, describeMtaSettings, readMtaSettings);
    parsed(DecodeError, () => [checkCmMic(bytes), checkCmtsMic(bytes, secret)]);
  },
  words: [
    ...[
      "\x03\x01\x01",
      "\x18\x07\x01\x02\0\x01\x06\x01\x07",
      "\x0b\x0f\x30\x0d\x06\x08\x2b\x06\x01\x02\x01",
      "\x06\x10",
      "\x07\x10",
    ],
    ...[
      "\xff\0\0",
      "\xfe\x01\x01",
      "\xfe\x01\xff",
      "\x40\x01\0",
      "\x2b\x05\x08\x03\xff\xff\xff",
      "\x02\x01\x01",
      "\x04\x02ab",
    ],
  ],
};

function checkSettings(
  tlvs: readonly Tlv[],
  describe: (tlvs: readonly Tlv[]) => Plain[],
  read: (data: unknown) => SettingsReading,
): void {
  const reading = read(describe(tlvs));
  const plain = (list: readonly Tlv[]) => list.map(({ type, value }) => [type, [...value]]);
  checkSame("read back", reading.kind === "ok" ? plain(reading.tlvs) : reading, plain(tlvs));
}
