import { latin1Text } from "../../../protocol/latin1.ts";
import { hardwareType } from "../agent-option.ts";
import {
  type BindingState,
  bindingStates,
  type LeaseRecord,
  type LeaseValue,
  VENDOR_CLASS_VARIABLE,
} from "../lease.ts";
import { STRING_BYTES_MAX } from "./byte-decoder.ts";
import { parseAgentOption } from "./lease-agent-parser.ts";
import { parseBilling } from "./lease-billing-parser.ts";
import {
  Byte,
  hashWord,
  type LeaseLexer,
  LeaseSyntaxError,
  type SkippedStatement,
} from "./lease-lexer.ts";
import { parseVariable } from "./lease-variable-parser.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A lease under construction. */
interface Draft {
  readonly record: Mutable<LeaseRecord>;
  /** The text stated the state; otherwise it is derived. */
  hasState: boolean;
  agentOptions: number[] | undefined;
  variables: [string, LeaseValue][] | undefined;
  kept: string[] | undefined;
  /** The first unknown statement. */
  skipped: SkippedStatement | undefined;
}

type StatementReader = (lexer: LeaseLexer, draft: Draft, start: number) => void;

const stateByHash = new Map<number, BindingState>(
  bindingStates.map((state) => [hashWord(state), state]),
);
const ethernetHash = hashWord("ethernet");
const vendorClassHash = hashWord(VENDOR_CLASS_VARIABLE);
/** These words begin a declaration: one of them inside a lease shows that the lease's end is missing. */
const declarationWords = new Set([
  ...["lease", "host", "group", "subclass", "failover", "server-duid", "authoring-byte-order"],
  ...["ia-na", "ia-ta", "ia-pd"],
]);
const eventWords = new Set(["expiry", "release", "commit", "transmission"]);

/**
 * Reads what follows the word `lease`: the address and the statements in braces. The byte arrays of the
 * record may be views of the text. Throws LeaseSyntaxError. An unknown statement is skipped
 * (`lexer.skipped`), unless it may have been the state or the end of the lease: without these the address
 * might be given away.
 */
export function parseLease(lexer: LeaseLexer): LeaseRecord {
  if (lexer.peek() === Byte.openingBrace) {
    lexer.fail("a lease without an address: this is a lease file of a client");
  }
  const record: Mutable<LeaseRecord> = {
    address: lexer.address(),
    bindingState: "free",
    startsAt: 0,
    endsAt: 0,
  };
  const draft: Draft = {
    record,
    hasState: false,
    agentOptions: undefined,
    variables: undefined,
    kept: undefined,
    skipped: undefined,
  };
  lexer.expect(Byte.openingBrace);
  while (lexer.peek() !== Byte.closingBrace) {
    const reader = readers.get(lexer.word());
    if (reader === undefined || !lexer.isWord(reader.name)) {
      skipUnknown(lexer, draft);
    } else {
      reader.read(lexer, draft, lexer.wordStart);
    }
  }
  lexer.at += 1;
  if (draft.skipped !== undefined) refuseWithoutEnd(draft, draft.skipped);
  // Only very old files of ISC lack the state: a lease with an end is active there.
  if (!draft.hasState && record.endsAt !== 0) record.bindingState = "active";
  if (draft.agentOptions !== undefined) record.agentOptions = Uint8Array.from(draft.agentOptions);
  if (draft.variables !== undefined) record.variables = draft.variables;
  if (draft.kept !== undefined) record.kept = draft.kept;
  return record;
}

function skipUnknown(lexer: LeaseLexer, draft: Draft): void {
  const word = lexer.wordText();
  const what = `unknown statement '${word}'`;
  const offset = lexer.wordStart;
  if (declarationWords.has(word.toLowerCase())) {
    lexer.fail(`'${word}' before the '}' of a lease`, offset);
  }
  lexer.skip(what, offset);
  draft.skipped ??= { offset, what };
}

function refuseWithoutEnd({ record, hasState }: Draft, { offset, what }: SkippedStatement): void {
  const hasEnd = record.endsAt !== 0 || record.bindingState === "free";
  if (hasState && hasEnd) return;
  const missing = hasState ? "end" : "binding state";
  throw new LeaseSyntaxError(`${what}, and the lease has no ${missing}`, offset, false);
}

function readState(lexer: LeaseLexer, draft: Draft): BindingState {
  let state = stateByHash.get(lexer.word());
  if (state === undefined || !lexer.isWord(state)) {
    // Two flags that old files have instead of a state.
    const name = lexer.wordText().toLowerCase();
    if (name !== "reserved" && name !== "bootp") {
      lexer.fail(`unknown binding state '${lexer.wordText()}'`, lexer.wordStart);
    }
    draft.record[name] = true;
    state = "active";
  }
  lexer.expect(Byte.semicolon);
  return state;
}

function readBinding(lexer: LeaseLexer, draft: Draft): void {
  lexer.expectWord("state");
  draft.record.bindingState = readState(lexer, draft);
  draft.hasState = true;
}

function readAbandoned(lexer: LeaseLexer, draft: Draft): void {
  lexer.expect(Byte.semicolon);
  draft.record.bindingState = "abandoned";
  draft.hasState = true;
}

function readHardware(lexer: LeaseLexer, draft: Draft): void {
  const isEthernet = lexer.word() === ethernetHash && lexer.isWord("ethernet");
  const type = isEthernet ? 1 : hardwareType(lexer.wordText().toLowerCase());
  if (type === undefined) {
    lexer.fail(`unknown hardware type '${lexer.wordText()}'`, lexer.wordStart);
  }
  const address = lexer.peek() === Byte.semicolon ? new Uint8Array(0) : lexer.hexList();
  if (address.length > 255) lexer.fail(`a hardware address of ${address.length} bytes`);
  lexer.expect(Byte.semicolon);
  draft.record.hardware = { type, address };
}

function readUid(lexer: LeaseLexer, draft: Draft): void {
  const clientId = lexer.data();
  lexer.expect(Byte.semicolon);
  if (clientId.length > 0) draft.record.clientId = clientId;
}

function readHostname(lexer: LeaseLexer, draft: Draft): void {
  if (lexer.peek() === Byte.quote) {
    draft.record.hostname = lexer.string();
  } else {
    lexer.word();
    draft.record.hostname = lexer.bytes.subarray(lexer.wordStart, lexer.at);
  }
  lexer.expect(Byte.semicolon);
}

function readBilling(lexer: LeaseLexer, draft: Draft): void {
  draft.record.billing = parseBilling(lexer);
}

/** Reads `set NAME = VALUE;`. The last one of a name counts, and dhcpd writes only constants here. */
function readSet(lexer: LeaseLexer, draft: Draft, start: number): void {
  const isVendorClass = lexer.word() === vendorClassHash && lexer.isWord(VENDOR_CLASS_VARIABLE);
  const name = isVendorClass ? VENDOR_CLASS_VARIABLE : lexer.wordText();
  lexer.expect(Byte.equals);
  setVariable(lexer, draft, name, start);
}

/** Reads `ddns-fwd-name "…";` of old files, which is a variable of that name today. */
function readNamedVariable(lexer: LeaseLexer, draft: Draft, start: number): void {
  setVariable(lexer, draft, lexer.wordText().toLowerCase(), start);
}

function setVariable(lexer: LeaseLexer, draft: Draft, name: string, start: number): void {
  const value = parseVariable(lexer, name);
  if (value === undefined) {
    lexer.skip(`no constant value of the variable '${name}'`, start);
    return;
  }
  lexer.expect(Byte.semicolon);
  if (name === VENDOR_CLASS_VARIABLE && value instanceof Uint8Array) {
    draft.record.vendorClass = value;
    return;
  }
  draft.variables ??= [];
  const known = draft.variables.find(([other]) => isSameName(other, name));
  if (known === undefined) draft.variables.push([name, value]);
  else known[1] = value;
}

function isSameName(left: string, right: string): boolean {
  return left.length === right.length && left.toLowerCase() === right.toLowerCase();
}

function readOption(lexer: LeaseLexer, draft: Draft, start: number): void {
  const option = parseAgentOption(lexer, start);
  if (option === undefined) return;
  const { code, value } = option;
  draft.agentOptions ??= [];
  draft.agentOptions.push(code, value.length);
  for (let at = 0; at < value.length; at += 1) draft.agentOptions.push(value[at]);
  if (draft.agentOptions.length > STRING_BYTES_MAX) lexer.fail("too many agent options");
}

/** Keeps `on EVENT [or EVENT] { … }` as its text. */
function readOn(lexer: LeaseLexer, draft: Draft, start: number): void {
  for (;;) {
    lexer.word();
    const event = lexer.wordText();
    if (!eventWords.has(event.toLowerCase())) {
      lexer.skip(`unknown event '${event}'`, start);
      return;
    }
    if (lexer.peek() === Byte.openingBrace || lexer.peek() === Byte.semicolon) break;
    lexer.expectWord("or");
  }
  lexer.skipStatement();
  draft.kept ??= [];
  draft.kept.push(latin1Text(lexer.bytes.subarray(start, lexer.at)));
}

function flag(name: "reserved" | "bootp"): StatementReader {
  return (lexer, draft) => {
    lexer.expect(Byte.semicolon);
    draft.record[name] = true;
  };
}

function otherState(name: "nextBindingState" | "rewindBindingState"): StatementReader {
  return (lexer, draft) => {
    lexer.expectWord("binding");
    lexer.expectWord("state");
    draft.record[name] = readState(lexer, draft);
  };
}

function date(name: "startsAt" | "endsAt" | "tstp" | "tsfp" | "atsfp" | "cltt"): StatementReader {
  return (lexer, draft) => {
    draft.record[name] = lexer.date();
  };
}

// All statements of ISC 4.4, and those of older releases.
const statements: readonly (readonly [string, StatementReader])[] = [
  ["starts", date("startsAt")],
  ["ends", date("endsAt")],
  ["tstp", date("tstp")],
  ["tsfp", date("tsfp")],
  ["atsfp", date("atsfp")],
  ["cltt", date("cltt")],
  ["binding", readBinding],
  ["next", otherState("nextBindingState")],
  ["rewind", otherState("rewindBindingState")],
  ["abandoned", readAbandoned],
  ["reserved", flag("reserved")],
  ["bootp", flag("bootp")],
  ["dynamic-bootp", flag("bootp")],
  ["hardware", readHardware],
  ["uid", readUid],
  ["client-hostname", readHostname],
  ["hostname", readHostname],
  ["billing", readBilling],
  ["set", readSet],
  ["ddns-fwd-name", readNamedVariable],
  ["ddns-rev-name", readNamedVariable],
  ["option", readOption],
  ["supersede", readOption],
  ["on", readOn],
  // dhcpd reads these two and forgets them.
  ["timestamp", (lexer) => lexer.skipStatement()],
  ["class", (lexer) => lexer.skipStatement()],
];

const readers = new Map(statements.map(([name, read]) => [hashWord(name), { name, read }]));
