import { bytesOf, concatenate } from "../../protocol/bytes.ts";
import { latin1Bytes, latin1Text } from "../../protocol/latin1.ts";
import {
  decodeIntroduction,
  decodeMessage,
  encodeIntroduction,
  encodeMessage,
  type OmapiMessage,
  type OmapiSigner,
  type OmapiValues,
  type ReceivedMessage,
  valueNamed,
} from "../../protocol/omapi/message.ts";
import { OmapiResult } from "./results.ts";

/** A key that clients may sign with (`omapi-key`). */
export interface OmapiKey {
  readonly name: string;
  /** As on the wire: `hmac-md5.SIG-ALG.REG.INT.` */
  readonly algorithm: string;
  readonly signer: OmapiSigner;
  /** The handle of its object. */
  readonly handle: number;
}

/** What a client wants of an object. A handle of 0 names none. */
export type OmapiRequest =
  | {
      readonly kind: "open";
      readonly type: string;
      readonly creates: boolean;
      readonly updates: boolean;
      /** It must not exist yet. */
      readonly isExclusive: boolean;
      readonly values: OmapiValues;
    }
  | { readonly kind: "refresh"; readonly handle: number }
  | { readonly kind: "update"; readonly handle: number; readonly values: OmapiValues }
  | { readonly kind: "delete"; readonly handle: number };

export type OmapiAnswer =
  | { readonly kind: "object"; readonly handle: number; readonly values: OmapiValues }
  /** `result` is one of OmapiResult. */
  | { readonly kind: "status"; readonly result: number; readonly text?: string };

export type SessionStep =
  /** Carry it out, then send what `reply` makes of the answer. */
  | {
      readonly kind: "ask";
      readonly request: OmapiRequest;
      readonly reply: (answer: OmapiAnswer) => Uint8Array;
    }
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** The peer does not speak OMAPI. */
  | { readonly kind: "close"; readonly why: string };

export interface OmapiSessionOptions {
  /** Undefined: everybody may do everything. */
  readonly key: OmapiKey | undefined;
  /** Of the first message that we send. */
  readonly firstId: number;
}

const noAuthenticator = "No authenticator on message";
const nothingFound = "no object matches specification";

/**
 * One connection of OMAPI, without a socket: takes bytes, and returns what to do, in this order. It decides who may
 * ask; what objects there are is decided elsewhere. As dhcpd's omapip/protocol.c and message.c do it.
 */
export class OmapiSession {
  readonly #options: OmapiSessionOptions;
  #rest: Uint8Array = new Uint8Array(0);
  /** Of the client's messages; undefined before its introduction. */
  #headerBytes: number | undefined;
  /** The client has named the key, so it may sign. */
  #isKeyOpen = false;
  #isClosed = false;
  #nextId: number;

  constructor(options: OmapiSessionOptions) {
    this.#options = options;
    this.#nextId = options.firstId;
  }

  /** What we say first. */
  greeting(): Uint8Array {
    return encodeIntroduction();
  }

  receive(bytes: Uint8Array): readonly SessionStep[] {
    this.#rest = this.#rest.length === 0 ? bytes : concatenate(this.#rest, bytes);
    const steps: SessionStep[] = [];
    while (!this.#isClosed) {
      const step = this.#headerBytes === undefined ? this.#introduction() : this.#next();
      if (step === "part") break;
      if (step === undefined) continue;
      steps.push(step);
      if (step.kind === "close") this.#isClosed = true;
    }
    return steps;
  }

  #introduction(): SessionStep | "part" | undefined {
    const read = decodeIntroduction(this.#rest);
    if (read.kind === "part") return "part";
    if (read.kind === "malformed") return { kind: "close", why: read.why };
    this.#headerBytes = read.headerBytes;
    this.#rest = this.#rest.subarray(read.bytes);
    return undefined;
  }

  #next(): SessionStep | "part" | undefined {
    const read = decodeMessage(this.#rest, this.#headerBytes);
    if (read.kind === "part") {
      // Its buffer may be the caller's, and large.
      this.#rest = this.#rest.slice();
      return "part";
    }
    if (read.kind === "malformed") return { kind: "close", why: read.why };
    const step = this.#answerTo(read.message);
    this.#rest = this.#rest.subarray(read.bytes);
    return step;
  }

  #answerTo(message: ReceivedMessage): SessionStep | undefined {
    const { authenticator, operation, signed, signature } = message;
    const { key } = this.#options;
    if (authenticator !== 0) {
      if (!this.#isKeyOpen || key === undefined || authenticator !== key.handle) {
        return { kind: "close", why: `a message of the unknown key ${authenticator}` };
      }
      // dhcpd does not sign this one.
      if (!isSignature(key.signer.sign(signed), signature)) {
        return this.#status({ ...message, authenticator: 0 }, OmapiResult.invalidKey);
      }
    }
    // We ask nothing, so these answer nothing.
    if (operation === "status") return undefined;
    if (message.answers !== 0) {
      if (operation !== "open") return undefined;
      return this.#status(message, OmapiResult.invalidArgument, "OPEN can't be a response");
    }
    const mustSign = key !== undefined && authenticator === 0;
    if (operation === "open") return this.#open(message, mustSign);
    if (mustSign) return this.#status(message, OmapiResult.noKeys, noAuthenticator);
    const { handle, object: values } = message;
    switch (operation) {
      case "notify":
        // dhcpd's own words, for good: no client sends this.
        return this.#status(message, OmapiResult.notImplemented, "notify not implemented yet");
      case "update":
        return this.#ask(message, { kind: "update", handle, values });
      default:
        return this.#ask(message, { kind: operation, handle });
    }
  }

  #open(message: ReceivedMessage, mustSign: boolean): SessionStep {
    const { about, object: values, handle } = message;
    const typeBytes = valueNamed(about, "type");
    const type = typeBytes && latin1Text(typeBytes);
    if (type === "authenticator") return this.#openKey(message);
    if (mustSign) return this.#status(message, OmapiResult.noKeys, noAuthenticator);
    const flags: boolean[] = [];
    for (const name of ["create", "update", "exclusive"]) {
      const flag = flagNamed(about, name);
      if (flag === undefined) {
        return this.#status(message, OmapiResult.invalidArgument, `invalid ${name} flag value`);
      }
      flags.push(flag);
    }
    const [creates, updates, isExclusive] = flags;
    if (type !== undefined) {
      return this.#ask(message, { kind: "open", type, creates, updates, isExclusive, values });
    }
    if (!creates) return this.#ask(message, { kind: "refresh", handle });
    return this.#status(message, OmapiResult.invalidArgument, "type required on create");
  }

  /** The client says which key it will sign with; the secret is never sent. */
  #openKey(message: ReceivedMessage): SessionStep {
    const { key } = this.#options;
    const textOf = (name: string): string => {
      const value = valueNamed(message.object, name);
      return value === undefined ? "" : latin1Text(value);
    };
    const isRight =
      key !== undefined &&
      textOf("name") === key.name &&
      textOf("algorithm").toLowerCase() === key.algorithm.toLowerCase();
    if (!isRight) return this.#status(message, OmapiResult.notFound, nothingFound);
    const values: OmapiValues = [
      ["name", latin1Bytes(key.name)],
      ["algorithm", latin1Bytes(key.algorithm)],
    ];
    const object = { kind: "object", handle: key.handle, values } as const;
    const bytes = this.#encode(message, object);
    this.#isKeyOpen = true;
    return { kind: "send", bytes };
  }

  #ask(message: ReceivedMessage, request: OmapiRequest): SessionStep {
    const { authenticator, id } = message;
    const reply = (answer: OmapiAnswer): Uint8Array => this.#encode({ authenticator, id }, answer);
    return { kind: "ask", request, reply };
  }

  #status(
    message: Pick<OmapiMessage, "authenticator" | "id">,
    result: number,
    text?: string,
  ): SessionStep {
    const answer = { kind: "status", result, ...(text === undefined ? {} : { text }) } as const;
    return { kind: "send", bytes: this.#encode(message, answer) };
  }

  #encode(
    { authenticator, id }: Pick<OmapiMessage, "authenticator" | "id">,
    answer: OmapiAnswer,
  ): Uint8Array {
    const ownId = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0;
    const common = { authenticator, id: ownId, answers: id };
    const signer = this.#options.key?.signer;
    if (answer.kind === "object") {
      const { handle, values } = answer;
      const message = {
        ...common,
        operation: "update",
        handle,
        about: [],
        object: values,
      } as const;
      return encodeMessage(message, signer);
    }
    const about: [string, Uint8Array][] = [["result", bytesOf(answer.result, 4)]];
    if (answer.text !== undefined) about.push(["message", latin1Bytes(answer.text)]);
    const message = { ...common, operation: "status", handle: 0, about, object: [] } as const;
    return encodeMessage(message, signer);
  }
}

/** Takes as long for any wrong signature, so that nobody finds one byte after the other. */
function isSignature(right: Uint8Array, claimed: Uint8Array): boolean {
  const differences = right.reduce((sum, byte, at) => sum | (byte ^ (claimed[at] ?? 0)), 0);
  return differences === 0 && claimed.length === right.length;
}

/** False when it is not there; undefined when its value is no number. */
function flagNamed(values: OmapiValues, name: string): boolean | undefined {
  const value = valueNamed(values, name);
  if (value === undefined) return false;
  return value.length === 4 ? value.some((byte) => byte !== 0) : undefined;
}
