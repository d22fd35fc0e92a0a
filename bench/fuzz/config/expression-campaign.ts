import { hash32, Prng } from "../../../base/prng.ts";
import {
  type DhcpPacket,
  decodePacket,
  type OutgoingOption,
} from "../../../protocol/dhcp/packet.ts";
import { latin1Bytes } from "../../../protocol/latin1.ts";
import { type ParseOutcome, parseConfig } from "../../../server/config/grammar/parse.ts";
import type { EvaluationContext } from "../../../server/config/language/program.ts";
import { Variables } from "../../../server/config/language/variables.ts";
import { classify, evaluateScopes, runEvent } from "../../../server/config/model/evaluate.ts";
import type { ServerConfig } from "../../../server/config/model/model.ts";
import { encodedPacket } from "../../generators/encoded-packet.ts";
import type { FuzzRequest } from "../campaign/fuzz-request.ts";
import { playCampaign, type SlicedCampaign } from "../campaign/sliced-run.ts";
import {
  ExpressionWriter,
  OTHER_FILE,
  OWN_FILE,
  PLAIN_FILE,
  slipped,
} from "./expression-writer.ts";

const EXPRESSION_STREAM = 0x6578_7072;
/** Reading and evaluating one file: a bound on work, wide enough for a busy machine. */
const FILE_MS_MAX = 10_000;
const VALUE_BYTES_MAX = 0xffff;
const MESSAGES_MAX = 64;
const TOLD_CHARACTERS_MAX = 4000;

/** The campaign of a request; true when nothing was found and nothing was cut short. */
export async function fuzzConfig(request: FuzzRequest): Promise<boolean> {
  const { expressions, seed } = request;
  return expressions === 0 || playCampaign(expressionCampaign(seed), expressions, request);
}

/**
 * Reads files full of expressions, right ones and broken ones, and evaluates those that are accepted, for
 * several packets: about seven statements a file. A file that takes too long, or gives too large a value, is
 * a failure.
 */
export function expressionCampaign(seed: number) {
  const tally = { files: 0, accepted: 0, slowestMs: 0 };
  let text = "";
  return {
    ...{ name: "expressions", what: "statements", tally },
    next: () => {
      const file = expressionFile(seed, tally.files);
      text = file.text;
      tally.files += 1;
      const startMs = performance.now();
      const outcome = parseExpressions(text);
      if (outcome.kind === "ok") {
        tally.accepted += 1;
        evaluateForPackets(outcome.config);
      } else if (outcome.diagnostics.length === 0) throw new Error("refused without a reason");
      const tookMs = performance.now() - startMs;
      tally.slowestMs = Math.max(tally.slowestMs, tookMs);
      if (tookMs > FILE_MS_MAX) throw new Error(`it took ${Math.round(tookMs)} ms`);
      return file.count;
    },
    where: () =>
      `file ${tally.files - 1} of seed ${seed}:\n${text.slice(0, TOLD_CHARACTERS_MAX)}\n`,
    outcome: () => {
      const { files, accepted, slowestMs } = tally;
      return [
        `of ${files} files ${accepted} read and evaluated, ${files - accepted} refused; ` +
          `the slowest took ${Math.round(slowestMs)} ms`,
      ];
    },
  } satisfies SlicedCampaign & { readonly tally: object };
}

/** File `number` of a seed: each can be made again by itself. */
export function expressionFile(seed: number, number: number): ExpressionFile {
  const prng = new Prng(seed, hash32(seed, EXPRESSION_STREAM, number));
  const writer = new ExpressionWriter(prng);
  const text = writer.file();
  const { count } = writer;
  return { text: prng.nextBelow(3) === 0 ? slipped(text, prng) : text, count };
}

export interface ExpressionFile {
  readonly text: string;
  /** Statements with expressions. */
  readonly count: number;
}

/** Reads a text that may include itself and other files. */
export function parseExpressions(text: string): ParseOutcome {
  return parseConfig(OWN_FILE, (path) => {
    if (path === OWN_FILE) return text;
    if (path === PLAIN_FILE) return 'set nam = "x";';
    if (path === OTHER_FILE) return `include "${OWN_FILE}";`;
    throw new Error("No such file or directory");
  });
}

const packets = samplePackets();

/** Everything that a server would evaluate for each sample packet; throws when a value is beyond its limit. */
export function evaluateForPackets(config: ServerConfig): void {
  for (const packet of packets) evaluateAll(config, packet);
}

function evaluateAll(config: ServerConfig, packet: DhcpPacket | undefined): void {
  const variables = new Variables();
  const context: EvaluationContext = {
    packet,
    ...{ known: true, leaseAddress: 0x0a00_0001, leaseSeconds: 600, isStatic: false },
    ...{ hostName: "cm-1", serverHostName: "server", variables, resolve: () => [0x0a00_0002] },
  };
  const members = classify(config, context);
  const scopes = [config.root, ...members.map(({ scope }) => scope)];
  const settings = evaluateScopes(config, scopes, context);
  for (const code of settings.optionCodes()) {
    checkSize("option", settings.option(code)?.length ?? 0, VALUE_BYTES_MAX);
  }
  checkSize("filename", settings.bytes("filename")?.length ?? 0, VALUE_BYTES_MAX);
  checkSize("messages", settings.messages.length, MESSAGES_MAX);
  for (const event of ["commit", "release", "expiry"] as const) {
    checkSize("messages", runEvent(settings, event, context).messages.length, MESSAGES_MAX);
  }
  for (const [name, value] of variables.entries()) {
    if (value instanceof Uint8Array) checkSize(`variable ${name}`, value.length, VALUE_BYTES_MAX);
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      throw new Error(`variable ${name} is ${value}, no whole number`);
    }
  }
}

function checkSize(what: string, size: number, max: number): void {
  if (size > max) throw new Error(`${what}: ${size}, more than ${max}`);
}

/** A request with many options, one with none, and no request at all: a lease that expires. */
function samplePackets(): readonly (DhcpPacket | undefined)[] {
  const full = [
    { code: 12, value: latin1Bytes("cm-0.example") },
    { code: 60, value: latin1Bytes("a".repeat(240)) },
    { code: 61, value: Uint8Array.of(1, 2, 0x10, 0, 0, 0, 1) },
    { code: 77, value: latin1Bytes("xxxxxxxx") },
    { code: 81, value: Uint8Array.of(0, 0, 0, ...latin1Bytes("host.example")) },
    { code: 82, value: Uint8Array.of(1, 4, 1, 2, 3, 4, 2, 6, 2, 0x10, 0, 0, 0, 1) },
    { code: 250, value: new Uint8Array(0) },
  ];
  return [packetWith(full, latin1Bytes("boot.cfg")), packetWith([], new Uint8Array(0)), undefined];
}

function packetWith(options: readonly OutgoingOption[], file: Uint8Array): DhcpPacket {
  const bytes = encodedPacket(
    {
      ...{ hops: 1, xid: 7, giaddr: 0x0a20_0001, chaddr: Uint8Array.of(2, 0x10, 0, 0, 0, 1), file },
      options: [{ code: 53, value: Uint8Array.of(1) }, ...options],
    },
    { optionBytesMax: 1200, packetBytesMin: 300, overload: false },
  );
  return decodePacket(bytes);
}
