import fc from "fast-check";
import { agentValueKind } from "./agent-option.ts";
import { bindingStates, type LeaseExtras, type LeaseRecord, type LeaseValue } from "./lease.ts";

/** dhcpd reads no longer strings. */
const stringBytesMax = 1_499;

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const printable = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  .map((text) => new TextEncoder().encode(text));
const anyBytes = fc.oneof(bytes(0, 40), printable, bytes(0, 300), bytes(1_490, 1_600));
const time = fc.oneof(
  fc.constant(0),
  fc.constant(null),
  fc.integer({ min: 1, max: 0xffff_fffe }),
  fc.integer({ min: 1_700_000_000, max: 1_900_000_000 }),
);
const state = fc.constantFrom(...bindingStates);
const variableName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/);
const value: fc.Arbitrary<LeaseValue> = fc.oneof(anyBytes, fc.maxSafeInteger(), fc.boolean());
const agentOptions = fc
  .array(fc.tuple(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.nat(255)), bytes(0, 12)), {
    maxLength: 8,
  })
  .map((options) =>
    Uint8Array.from(options.flatMap(([code, text]) => [code, text.length, ...text])),
  );

/** Any record that a packet, a statement or a file can bring, of an address in the range. */
export const anyRecord = (range: { min: number; max: number }): fc.Arbitrary<LeaseRecord> =>
  fc.record(
    {
      address: fc.integer(range),
      bindingState: state,
      startsAt: time,
      endsAt: time,
      tstp: time,
      cltt: time,
      tsfp: time,
      atsfp: time,
      nextBindingState: state,
      rewindBindingState: state,
      hardware: fc.record({ type: fc.integer({ min: 1, max: 255 }), address: bytes(0, 20) }),
      clientId: anyBytes,
      hostname: fc.oneof(printable, bytes(0, 30)),
      vendorClass: anyBytes,
      agentOptions,
      variables: fc.uniqueArray(fc.tuple(variableName, value), {
        selector: ([name]) => name.toLowerCase(),
        maxLength: 5,
      }),
      billing: fc.oneof(
        fc.record({ className: fc.stringMatching(/^[ -~]{1,20}$/) }),
        fc.record({ className: fc.stringMatching(/^[ -~]{1,20}$/), hash: bytes(1, 40) }),
        fc.record({ className: fc.stringMatching(/^[ -~]{1,20}$/), hash: printable }),
      ),
      reserved: fc.constant(true),
      bootp: fc.constant(true),
      kept: fc.constant([
        'on expiry {\n    log (info, "}");\n  }',
        'on release {\n    set x = "}";\n  }',
      ]),
    },
    { requiredKeys: ["address", "bindingState", "startsAt", "endsAt"] },
  );

/** What the grammar can say of a record. */
export function sayable(record: LeaseRecord): LeaseRecord {
  const { nextBindingState, rewindBindingState, bindingState } = record;
  const fits = (text: Uint8Array | undefined): boolean =>
    text !== undefined && text.length > 0 && text.length <= stringBytesMax;
  const isPlain = (text: Uint8Array): boolean =>
    fits(text) &&
    text.every((byte) => byte >= 0x20 && byte <= 0x7e && ![0x22, 0x5c].includes(byte));
  const variables = record.variables?.filter(
    ([, value]) => !(value instanceof Uint8Array) || value.length <= stringBytesMax,
  );
  const agentOptions = sayableAgentOptions(record.agentOptions);
  const { billing } = record;
  const wanted: Partial<Record<keyof LeaseRecord, boolean>> = {
    nextBindingState: nextBindingState !== bindingState,
    rewindBindingState: rewindBindingState !== bindingState,
    tstp: record.tstp !== 0,
    cltt: record.cltt !== 0,
    tsfp: record.tsfp !== 0,
    atsfp: record.atsfp !== 0,
    clientId: (record.clientId?.length ?? 0) > 0,
    vendorClass: fits(record.vendorClass),
    hostname: record.hostname !== undefined && isPlain(record.hostname),
    agentOptions: agentOptions.length > 0,
    variables: (variables?.length ?? 0) > 0,
  };
  const said = {
    ...record,
    agentOptions,
    variables,
    ...(billing && {
      billing: billing.hash?.length === 0 ? { className: billing.className } : billing,
    }),
  };
  const entries = Object.entries(said).filter(
    ([name, value]) => value !== undefined && wanted[name as keyof LeaseRecord] !== false,
  );
  return Object.fromEntries(entries) as unknown as LeaseRecord;
}

function sayableAgentOptions(options: LeaseExtras["agentOptions"]): Uint8Array {
  const said: number[] = [];
  for (let at = 0; options !== undefined && at < options.length; at += 2 + options[at + 1]) {
    const option = options.subarray(at, at + 2 + options[at + 1]);
    const kind = agentValueKind(option[0]);
    const isCode = option[0] !== 0 && option[0] !== 255;
    const hasValue = kind === "bytes" ? option.length > 2 : kind !== "empty" && option.length === 6;
    if (isCode && hasValue) said.push(...option);
  }
  return Uint8Array.from(said);
}
