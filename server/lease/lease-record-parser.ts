import {
  type AgentValueKind,
  agentOptionCode,
  agentOptionNames,
  agentValueKind,
  hardwareType,
} from "./agent-option.ts";
import { type BindingState, bindingStates, type LeaseRecord, type LeaseValue } from "./lease.ts";
import { hashWord, type LeaseLexer, latin1, STRING_BYTES_MAX } from "./lease-lexer.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A lease under construction: `state` tells whether the text had one. */
interface Draft {
  readonly record: Mutable<LeaseRecord>;
  hasState: boolean;
  agentOptions: number[] | undefined;
  variables: [string, LeaseValue][] | undefined;
  kept: string[] | undefined;
}

type StatementReader = (lexer: LeaseLexer, draft: Draft, start: number) => void;

const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const stateByHash = new Map<number, BindingState>(
  bindingStates.map((state) => [hashWord(state), state]),
);
const ethernetHash = hashWord("ethernet");
const vendorClassHash = hashWord("vendor-class-identifier");
const agentByHash = new Map(
  agentOptionNames.map((name, code) => [hashWord(name), { name, code }] as const),
);

/**
 * Reads what follows the word `lease`: the address and the statements in braces. The byte arrays
 * of the record may be views of the text. Throws LeaseSyntaxError.
 */
export function parseLease(lexer: LeaseLexer): LeaseRecord {
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
  };
  lexer.expect(0x7b);
  while (lexer.peek() !== CLOSING_BRACE) {
    const hash = lexer.word();
    const reader = readers.get(hash);
    if (reader === undefined || !isWord(lexer, reader.name)) {
      lexer.fail(`unknown statement '${lexer.wordText()}'`, lexer.wordStart);
    }
    reader.read(lexer, draft, lexer.wordStart);
  }
  lexer.at += 1;
  // ISC writes no state only in very old files: there, a lease with an end is one in use.
  if (!draft.hasState && record.endsAt !== 0) record.bindingState = "active";
  if (draft.agentOptions !== undefined) record.agentOptions = Uint8Array.from(draft.agentOptions);
  if (draft.variables !== undefined) record.variables = draft.variables;
  if (draft.kept !== undefined) record.kept = draft.kept;
  return record;
}

/** Hashes are 32 bits of what the file says, so the word itself is compared too. */
function isWord(lexer: LeaseLexer, name: string): boolean {
  if (lexer.at - lexer.wordStart !== name.length) return false;
  for (let place = 0; place < name.length; place += 1) {
    if (lexer.bytes[lexer.wordStart + place] !== name.charCodeAt(place)) return false;
  }
  return true;
}

function readState(lexer: LeaseLexer, draft: Draft): BindingState | undefined {
  const state = stateByHash.get(lexer.word());
  if (state === undefined || !isWord(lexer, state)) {
    // Two flags that old files have in the place of a state.
    const name = lexer.wordText();
    if (name !== "reserved" && name !== "bootp") {
      lexer.fail(`unknown binding state '${name}'`, lexer.wordStart);
    }
    draft.record[name] = true;
    lexer.expect(SEMICOLON);
    return undefined;
  }
  lexer.expect(SEMICOLON);
  return state;
}

function expectWord(lexer: LeaseLexer, name: string): void {
  lexer.word();
  if (!isWord(lexer, name)) lexer.fail(`expected '${name}'`, lexer.wordStart);
}

function readBinding(lexer: LeaseLexer, draft: Draft): void {
  expectWord(lexer, "state");
  const state = readState(lexer, draft);
  if (state === undefined) return;
  draft.record.bindingState = state;
  draft.hasState = true;
}

function readNext(lexer: LeaseLexer, draft: Draft): void {
  expectWord(lexer, "binding");
  expectWord(lexer, "state");
  const state = readState(lexer, draft);
  if (state !== undefined) draft.record.nextBindingState = state;
}

function readRewind(lexer: LeaseLexer, draft: Draft): void {
  expectWord(lexer, "binding");
  expectWord(lexer, "state");
  const state = readState(lexer, draft);
  if (state !== undefined) draft.record.rewindBindingState = state;
}

function readAbandoned(lexer: LeaseLexer, draft: Draft): void {
  lexer.expect(SEMICOLON);
  draft.record.bindingState = "abandoned";
  draft.hasState = true;
}

function readHardware(lexer: LeaseLexer, draft: Draft): void {
  const isEthernet = lexer.word() === ethernetHash && isWord(lexer, "ethernet");
  const type = isEthernet ? 1 : hardwareType(lexer.wordText());
  if (type === undefined) {
    lexer.fail(`unknown hardware type '${lexer.wordText()}'`, lexer.wordStart);
  }
  const address = lexer.peek() === SEMICOLON ? new Uint8Array(0) : lexer.hexList();
  if (address.length > 255) lexer.fail(`a hardware address of ${address.length} bytes`);
  lexer.expect(SEMICOLON);
  draft.record.hardware = { type, address };
}

function readUid(lexer: LeaseLexer, draft: Draft): void {
  const clientId = lexer.peek() === QUOTE ? lexer.string() : lexer.hexList();
  lexer.expect(SEMICOLON);
  if (clientId.length > 0) draft.record.clientId = clientId;
}

function readHostname(lexer: LeaseLexer, draft: Draft): void {
  if (lexer.peek() === QUOTE) {
    draft.record.hostname = lexer.string();
  } else {
    lexer.word();
    draft.record.hostname = lexer.bytes.subarray(lexer.wordStart, lexer.at);
  }
  lexer.expect(SEMICOLON);
}

function readBilling(lexer: LeaseLexer, draft: Draft): void {
  lexer.word();
  const isSubclass = isWord(lexer, "subclass");
  if (!isSubclass && !isWord(lexer, "class")) {
    lexer.fail("expected 'class' or 'subclass'", lexer.wordStart);
  }
  const name = lexer.string();
  const className = latin1(name, 0, name.length);
  if (lexer.peek() === SEMICOLON || !isSubclass) {
    draft.record.billing = { className };
  } else {
    const hash = lexer.peek() === QUOTE ? lexer.string() : lexer.hexList();
    draft.record.billing = { className, hash };
  }
  lexer.expect(SEMICOLON);
}

/** `set NAME = VALUE;`; an expression instead of a value is kept as it stands. */
function readSet(lexer: LeaseLexer, draft: Draft, start: number): void {
  const isVendorClass =
    lexer.word() === vendorClassHash && isWord(lexer, "vendor-class-identifier");
  const name = isVendorClass ? "vendor-class-identifier" : lexer.wordText();
  lexer.expect(0x3d);
  const value = readValue(lexer);
  if (value === undefined || lexer.peek() !== SEMICOLON) {
    keep(lexer, draft, start);
    return;
  }
  lexer.at += 1;
  if (isVendorClass && value instanceof Uint8Array) {
    draft.record.vendorClass = value;
    return;
  }
  draft.variables ??= [];
  draft.variables.push([name, value]);
}

function readValue(lexer: LeaseLexer): LeaseValue | undefined {
  const first = lexer.peek();
  if (first === QUOTE) return lexer.string();
  if (first === 0x25) {
    lexer.at += 1;
    return lexer.integer(0xffff_ffff);
  }
  if (first < 0x61 || first > 0x7a) return undefined;
  lexer.word();
  if (isWord(lexer, "true")) return true;
  return isWord(lexer, "false") ? false : undefined;
}

/** `option agent.NAME VALUE;` is part of option 82; any other option is kept as it stands. */
function readOption(lexer: LeaseLexer, draft: Draft, start: number): void {
  const known = agentByHash.get(lexer.word());
  const isKnown = known !== undefined && isWord(lexer, known.name);
  const code = isKnown ? known.code : agentOptionCode(lexer.wordText());
  if (code === undefined) {
    keep(lexer, draft, start);
    return;
  }
  // `unknown-5` for a code that has a name: ISC's older releases knew fewer names.
  const value = readAgentValue(lexer, isKnown ? agentValueKind(code) : "bytes");
  lexer.expect(SEMICOLON);
  if (value.length > 255) lexer.fail(`sub-option ${code} has ${value.length} bytes`);
  draft.agentOptions ??= [];
  draft.agentOptions.push(code, value.length);
  for (let at = 0; at < value.length; at += 1) draft.agentOptions.push(value[at]);
  if (draft.agentOptions.length > STRING_BYTES_MAX) lexer.fail("too many agent options");
}

function readAgentValue(lexer: LeaseLexer, kind: AgentValueKind): Uint8Array {
  const first = lexer.peek();
  if (first === SEMICOLON) return new Uint8Array(0);
  if (first === QUOTE) return lexer.string();
  if (kind === "address") return fourBytes(lexer.address());
  if (kind === "u32") return fourBytes(lexer.integer(0xffff_ffff));
  return lexer.hexList();
}

function fourBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** Remembers a statement as text, so that a rewrite does not lose it. */
function keep(lexer: LeaseLexer, draft: Draft, start: number): void {
  lexer.skipStatement();
  draft.kept ??= [];
  draft.kept.push(latin1(lexer.bytes, start, lexer.at));
}

function flag(name: "reserved" | "bootp"): StatementReader {
  return (lexer, draft) => {
    lexer.expect(SEMICOLON);
    draft.record[name] = true;
  };
}

function date(name: "startsAt" | "endsAt" | "tstp" | "cltt"): StatementReader {
  return (lexer, draft) => {
    draft.record[name] = lexer.date();
  };
}

// The statements of ISC 4.4, all of them: a word that is not here is damage, not a novelty.
const statements: readonly (readonly [string, StatementReader])[] = [
  ["starts", date("startsAt")],
  ["ends", date("endsAt")],
  ["tstp", date("tstp")],
  ["cltt", date("cltt")],
  ["binding", readBinding],
  ["next", readNext],
  ["rewind", readRewind],
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
  ["option", readOption],
  ...[
    "tsfp",
    "atsfp",
    "timestamp",
    "on",
    "supersede",
    "unset",
    "class",
    "ddns-fwd-name",
    "ddns-rev-name",
  ].map((name): [string, StatementReader] => [name, keep]),
];

const readers = new Map(statements.map(([name, read]) => [hashWord(name), { name, read }]));
