import { z } from "zod";
import { Offset } from "../../protocol/dhcp/header.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { readYaml } from "../yaml/checked-yaml.ts";
import type { Reading } from "../yaml/problems.ts";
import { count, duration } from "../yaml/schema-parts.ts";
import { lengthOfPart, parseValue, type ValuePart } from "./captured-value.ts";

export const PERSONA_SCHEMA = "provlab/persona@1";

/** The messages of RFC 2131 table 4 that a device plays, by which of options 50 and 54 they carry. */
export const messageShapes = [
  "discover",
  "request-selecting",
  "request-rebooting",
  "request-extending",
  "decline",
  "release",
] as const;
export type MessageShape = (typeof messageShapes)[number];

/** A message of this size fits an Ethernet frame even with the relay's option 82. */
export const CAPTURED_BYTES_MAX = 1400;
/** A message with more hops is discarded (RFC 1542, section 4.1.1). */
export const HOPS_MAX = 16;
// Every octet of padding is one.
const OPTIONS_MAX = CAPTURED_BYTES_MAX;
const VALUE_BYTES_MAX = 255;
const DELAYS_MAX = 32;
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;

const value = z
  .string()
  .max(3000)
  .transform((text, context): readonly ValuePart[] => {
    const parts = parseValue(text);
    if (typeof parts !== "string") return parts;
    context.addIssue({ code: "custom", message: parts });
    return z.NEVER;
  });

const option = z
  .strictObject({
    code: count(254).describe("The option's code; 0 is one octet of padding."),
    value: value
      .prefault("")
      .describe("Hexadecimal octets, with placeholders for what differs from device to device."),
  })
  .refine(({ value: parts }) => bytesOf(parts) <= VALUE_BYTES_MAX, "is longer than 255 octets")
  .refine(({ code, value: parts }) => code !== 0 || parts.length === 0, "is padding with a value");

const message = z
  .strictObject({
    flags: count(0xffff).default(0).describe("The field of that name."),
    hops: count(HOPS_MAX).default(0).describe("The field, as the device sets it."),
    length: count(CAPTURED_BYTES_MAX)
      .default(0)
      .describe("Octets of the whole message, which is filled up with zeros."),
    sname: value.optional().describe("The field of that name, in hexadecimal; left out: zeros."),
    file: value.optional().describe("The field of that name, in hexadecimal; left out: zeros."),
    options: z
      .array(option)
      .min(1)
      .max(OPTIONS_MAX)
      .describe("The options, in the order of the wire, without End and the relay's own."),
    trailer: value.optional().describe("What follows End, where that is not zeros."),
  })
  .refine(({ options }) => options.some(({ code }) => code === OptionCode.messageType), {
    message: "has no option 53, the message type",
  })
  .refine(({ sname, file }) => bytesOf(sname) <= 64 && bytesOf(file) <= 128, {
    message: "has more in sname or file than they hold",
  })
  .refine((each) => messageBytes(each) <= CAPTURED_BYTES_MAX, {
    message: `is longer than ${CAPTURED_BYTES_MAX} octets`,
  });

export const personaFileSchema = z.strictObject({
  schema: z.literal(PERSONA_SCHEMA).describe("The version of the file's language."),
  name: z.string().regex(NAME_PATTERN, "use letters, digits, dots and hyphens, at most 40"),
  secs: z
    .union([z.literal("elapsed"), count(0xffff)])
    .default("elapsed")
    .describe("Seconds since the device began, or one value in every message."),
  retransmit: z
    .array(duration)
    .min(1)
    .max(DELAYS_MAX)
    .optional()
    .describe("Waits before each repetition, the last one again and again."),
  messages: z.strictObject({
    discover: message,
    "request-selecting": message.optional(),
    "request-rebooting": message.optional(),
    "request-extending": message.optional(),
    decline: message.optional(),
    release: message.optional(),
  }),
});

export type CapturedOption = z.output<typeof option>;
export type CapturedMessage = z.output<typeof message>;
/** A device as it was captured; `retransmit` in milliseconds. */
export type CapturedPersona = z.output<typeof personaFileSchema>;

/** Reads a persona file. Each problem has its place in the file. */
export function readPersonaFile(file: string, text: string): Reading<{ persona: CapturedPersona }> {
  const reading = readYaml(file, text, personaFileSchema);
  return reading.kind === "ok" ? { kind: "ok", persona: reading.data } : reading;
}

/** Octets of a value on the wire. */
export function bytesOf(parts: readonly ValuePart[] | undefined): number {
  return (parts ?? []).reduce((sum, part) => sum + lengthOfPart(part), 0);
}

/** Octets up to and including End, and those after it that are not zeros. */
export function messageBytes({
  options,
  trailer,
}: {
  readonly options: readonly CapturedOption[];
  readonly trailer?: readonly ValuePart[] | undefined;
}): number {
  const optionBytes = options.reduce(
    (sum, { code, value: parts }) => sum + (code === OptionCode.pad ? 1 : 2 + bytesOf(parts)),
    0,
  );
  return Offset.options + optionBytes + 1 + bytesOf(trailer);
}
