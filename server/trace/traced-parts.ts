import type { DhcpEngineApi } from "../dhcp/decide/engine.ts";
import type { Arrival, Outcome } from "../dhcp/exchange/outcome.ts";
import { type LeaseStore, LeaseStoreError } from "../lease/store/lease-store.ts";
import type { PacketNumbers } from "./packet-numbers.ts";
import type { FrameSender, NameOf, Replies, Resolve } from "./server-trace.ts";
import type { TraceRecorder } from "./trace-recorder.ts";

/** As many as the server itself remembers. Recording a name twice does no harm. */
const namesMax = 65_536;

/** The server breaks on the packet. */
export const undecidable = { kind: "drop", reason: "undecidable" } as const;
const pingAnswered = { kind: "drop", reason: "ping-answered" } as const;

/** Records the engine's calls and decisions. */
export class TracedEngine implements DhcpEngineApi {
  readonly #engine: DhcpEngineApi;
  readonly #recorder: TraceRecorder;
  readonly #numbers: PacketNumbers;
  /**
   * Nothing has happened since an expiry that freed nothing. Of the expiries since, only the last is
   * recorded.
   */
  #isQuiet = false;
  #quietSeconds: number | undefined;
  #isDeciding = false;

  constructor(engine: DhcpEngineApi, recorder: TraceRecorder, numbers: PacketNumbers) {
    this.#engine = engine;
    this.#recorder = recorder;
    this.#numbers = numbers;
  }

  /** A call of the engine has not returned: it broke. */
  get hasFailed(): boolean {
    return this.#isDeciding;
  }

  respond(arrival: Arrival, nowSeconds: number, nowMs: number): Outcome {
    const { current } = this.#numbers;
    this.#endQuiet();
    const { interfaceIndex } = arrival;
    try {
      const outcome = this.#decide(() => this.#engine.respond(arrival, nowSeconds, nowMs));
      this.#recorder.decision("respond", current, outcome, nowSeconds, nowMs, interfaceIndex);
      this.#numbers.remember(outcome, current);
      return outcome;
    } catch (error) {
      this.#recorder.decision("respond", current, undecidable, nowSeconds, nowMs, interfaceIndex);
      throw error;
    }
  }

  giveUp(): readonly number[] {
    this.#isDeciding = false;
    return this.#engine.giveUp();
  }

  pingAnswered(ticket: number, nowSeconds: number): readonly number[] {
    const packet = this.#numbers.takeTicket(ticket);
    this.#endQuiet();
    const changes = this.#decide(() => this.#engine.pingAnswered(ticket, nowSeconds));
    this.#recorder.decision("ping-answered", packet, pingAnswered, nowSeconds, 0, 0);
    return changes;
  }

  pingTimedOut(ticket: number, nowSeconds: number): Outcome {
    const packet = this.#numbers.takeTicket(ticket);
    this.#endQuiet();
    const outcome = this.#decide(() => this.#engine.pingTimedOut(ticket, nowSeconds));
    this.#recorder.decision("ping-timed-out", packet, outcome, nowSeconds, 0, 0);
    this.#numbers.remember(outcome, packet);
    return outcome;
  }

  expire(nowSeconds: number): readonly number[] {
    const freed = this.#decide(() => this.#engine.expire(nowSeconds));
    if (freed.length === 0 && this.#isQuiet) {
      this.#quietSeconds = nowSeconds;
    } else {
      this.#endQuiet();
      this.#recorder.expiry(nowSeconds);
      this.#isQuiet = freed.length === 0;
    }
    return freed;
  }

  #decide<Result>(ask: () => Result): Result {
    this.#isDeciding = true;
    const result = ask();
    this.#isDeciding = false;
    return result;
  }

  #endQuiet(): void {
    if (this.#quietSeconds !== undefined) this.#recorder.expiry(this.#quietSeconds);
    this.#quietSeconds = undefined;
    this.#isQuiet = false;
  }
}

/** Notes which packet the reply being sent belongs to. */
export function tracedSender(sender: Replies, numbers: PacketNumbers): Replies {
  return {
    send: (outcome, asked) => {
      numbers.answer(outcome);
      sender.send(outcome, asked);
    },
    flush: () => sender.flush(),
  };
}

/** Records the raw frames that were sent. */
export function tracedLinks(
  links: FrameSender,
  recorder: TraceRecorder,
  numbers: PacketNumbers,
): FrameSender {
  return {
    send: (datagram) => {
      if (!links.send(datagram)) return false;
      const { destinationPort: port, payload, ...way } = datagram;
      recorder.reply(numbers.answered, { ...way, port }, payload);
      return true;
    },
  };
}

/**
 * Records how commits ended; after a failed one, nothing of its batch was acknowledged. A recorded server
 * waits for each commit, so that a reply belongs to the same turn as its packet.
 */
export function tracedStore(store: LeaseStore, recorder: TraceRecorder): LeaseStore {
  const commit = (): void => {
    try {
      store.commit();
    } catch (error) {
      if (error instanceof LeaseStoreError) recorder.commit(error.code);
      throw error;
    }
    recorder.commit("");
  };
  return {
    durability: store.durability,
    append: (record) => store.append(record),
    appendLease: (index) => store.appendLease(index),
    commit,
    beginCommit: () => {
      commit();
      return true;
    },
    endCommit: () => true,
    maintain: (nowSeconds) => store.maintain(nowSeconds),
    close: () => store.close(),
  };
}

/** Records an answer when it differs from the last one. */
export function tracedResolve(resolve: Resolve, recorder: TraceRecorder): Resolve {
  const known = new Map<string, readonly number[] | undefined>();
  return (name) => {
    const addresses = resolve(name);
    if (!known.has(name) || known.get(name) !== addresses) {
      known.set(name, addresses);
      recorder.hostName(name, addresses);
    }
    return addresses;
  };
}

/** Records the name of an address when it differs from the last one; at first none is known. */
export function tracedNameOf(nameOf: NameOf, recorder: TraceRecorder): NameOf {
  const known = new Map<number, string | undefined>();
  return (address) => {
    const name = nameOf(address);
    if (known.get(address) !== name) {
      if (known.size >= namesMax) known.clear();
      known.set(address, name);
      recorder.addressName(address, name);
    }
    return name;
  };
}
