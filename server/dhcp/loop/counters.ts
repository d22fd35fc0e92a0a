import { MessageType, messageTypeName } from "../../../protocol/dhcp/message-type.ts";
import { overloadReasons } from "../../overload/admission.ts";
import { type DropReason, dropReasons } from "../exchange/outcome.ts";

/** The place of all types without a name. */
const otherMessage = MessageType.leaseActive + 1;

/** Why the listener, not the engine, dropped a datagram or a reply. */
export type EdgeDropReason = (typeof edgeDropReasons)[number];

const edgeDropReasons = [
  ...overloadReasons,
  "interface-not-served",
  "undecidable",
  "quarantined",
  "ping-table-full",
  "standby",
  "too-late",
  "commit-backlog",
  "commit-failed",
  "given-up",
  "reply-does-not-fit",
] as const;

const allReasons: readonly (DropReason | EdgeDropReason)[] = [...dropReasons, ...edgeDropReasons];
const placeOf = Object.fromEntries(allReasons.map((reason, place) => [reason, place])) as Readonly<
  Record<DropReason | EdgeDropReason, number>
>;

/** `bootp`, `discover` and so on. */
function nameOf(type: number): string {
  if (type === otherMessage) return "other";
  return messageTypeName(type).replace("DHCP", "").toLowerCase();
}

/** Decode error codes are a closed set; the bound only guards against a mistake. */
const decodeCodesMax = 64;

/** Counters since the start of the server. Plain numbers: one thread, no locks, no allocation. */
export class DhcpCounters {
  /** Packets by message type; the last place counts all types without a name. */
  readonly #received = new Float64Array(otherMessage + 1);
  readonly #replied = new Float64Array(otherMessage + 1);
  readonly #dropped = new Float64Array(allReasons.length);
  readonly #rejected = new Map<string, number>();
  batches = 0;
  commits = 0;
  commitFailures = 0;
  rewriteFailures = 0;
  recordsWritten = 0;
  leasesExpired = 0;
  pingsSent = 0;
  pingsAnswered = 0;
  /** Commands of `execute` statements that failed or were not run. */
  commandsFailed = 0;

  countReceived(messageType: number): void {
    this.#received[Math.min(messageType, otherMessage)] += 1;
  }

  countReplied(messageType: number): void {
    this.#replied[Math.min(messageType, otherMessage)] += 1;
  }

  countDropped(reason: DropReason | EdgeDropReason, count = 1): void {
    this.#dropped[placeOf[reason]] += count;
  }

  /** Counts a datagram that is no DHCP packet by the code of its DecodeError. */
  countRejected(code: string): void {
    const count = this.#rejected.get(code);
    if (count === undefined && this.#rejected.size >= decodeCodesMax) return;
    this.#rejected.set(code, (count ?? 0) + 1);
  }

  /** Datagrams dropped undecoded because there were too many. */
  get shed(): number {
    return overloadReasons.reduce((total, reason) => total + this.droppedFor(reason), 0);
  }

  droppedFor(reason: DropReason | EdgeDropReason): number {
    return this.#dropped[placeOf[reason]];
  }

  /** Every counter by a dotted name, in a fixed order. Zeros are included, so readers can rely on a name. */
  snapshot(): Readonly<Record<string, number>> {
    const values: Record<string, number> = {
      batches: this.batches,
      commits: this.commits,
      "commit-failures": this.commitFailures,
      "rewrite-failures": this.rewriteFailures,
      "records-written": this.recordsWritten,
      "leases-expired": this.leasesExpired,
      "pings-sent": this.pingsSent,
      "pings-answered": this.pingsAnswered,
      "commands-failed": this.commandsFailed,
    };
    for (const [type, count] of this.#received.entries())
      values[`received.${nameOf(type)}`] = count;
    for (const [type, count] of this.#replied.entries()) values[`replied.${nameOf(type)}`] = count;
    for (const [code, count] of this.#rejected) values[`rejected.${code}`] = count;
    for (const [place, reason] of allReasons.entries()) {
      values[`dropped.${reason}`] = this.#dropped[place];
    }
    return values;
  }

  /** All counters above zero, on one line. */
  summary(): string {
    const parts = Object.entries(this.snapshot())
      .filter(([, count]) => count !== 0)
      .map(([name, count]) => `${name}=${count}`);
    return parts.length === 0 ? "nothing received yet" : parts.join(" ");
  }
}
