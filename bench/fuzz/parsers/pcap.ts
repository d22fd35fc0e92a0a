import { parseMac } from "../../../protocol/mac.ts";
import { CaptureError } from "../../../protocol/pcap/capture-error.ts";
import { mergeSections } from "../../../protocol/pcap/merge-sections.ts";
import { readCapture } from "../../../protocol/pcap/read-capture.ts";
import { readPersonaFile } from "../../../scenarios/population/captured-persona.ts";
import { printPersona } from "../../../scenarios/population/print-persona.ts";
import { surveyCapture } from "../../../simulator/capture/pcap-conversation.ts";
import { NoPersona, personaOf } from "../../../simulator/capture/pcap-persona.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, checkReading, parsed } from "./oracle.ts";

/** A frame lies in the file, and the persona of a captured device can be played. */
export const target: FuzzTarget = {
  read: (bytes) => {
    parsed(CaptureError, () => {
      for (const { bytes: frame, offset, wireLength } of readCapture(bytes)) {
        check("a frame beyond the file", offset + frame.length <= bytes.length && wireLength >= 0);
      }
    });
    parsed(CaptureError, () => mergeSections([bytes, bytes]));
    const survey = parsed(CaptureError, () => surveyCapture(readCapture(bytes)));
    for (const [mac, conversation] of survey?.devices ?? []) {
      for (const isAnonymous of [false, true]) {
        const choices = { name: "a", mac: parseMac(mac)!, isAnonymous };
        const made = parsed(NoPersona, () => personaOf(conversation, choices));
        if (made === undefined) continue;
        const reading = readPersonaFile("a.yaml", printPersona(made.persona, []));
        checkReading(reading);
        check("a persona that cannot be read", reading.kind === "ok");
      }
    }
  },
  words: [
    ...[
      "\xa1\xb2\xc3\xd4",
      "\xd4\xc3\xb2\xa1",
      "\x4d\x3c\xb2\xa1",
      "\x0a\x0d\x0d\x0a",
      "\x4d\x3c\x2b\x1a",
    ],
    ...[
      "\x08\0\x45\0",
      "\x81\0\0\x01",
      "\x88\xa8\0\x01",
      "\0\x44\0\x43",
      "\0\x43\0\x44",
      "c\x82Sc\x35\x01\x01",
    ],
  ],
};
