import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { Admission, type Standing } from "./admission.ts";

export interface Sketch {
  readonly type: number;
  readonly standing: Standing;
  readonly isAddressed?: boolean;
  /** Tells datagrams of one kind apart. */
  readonly number?: number;
}

const standings: readonly Standing[] = ["unknown", "remembered", "known"];

/** Enough of a datagram for a glance: the standing is in the first octet of its MAC, see `standingOf`. */
export function datagramOf({
  type,
  standing,
  isAddressed = false,
  number = 0,
}: Sketch): Uint8Array {
  const bytes = new Uint8Array(300);
  bytes.set([1, 1, 6]);
  if (isAddressed) bytes.set([10, 0, 0, 1], 12);
  bytes.set([standings.indexOf(standing), 0, 0, number >> 16, number >> 8, number], 28);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  bytes.set(type === 0 ? [255] : [53, 1, type, 255], 240);
  return bytes;
}

export const standingOf = (_type: number, address: Uint8Array): Standing => standings[address[0]];

/** One under pressure: its last batch, at `nowMs`, was late like those before it. */
export function underPressure(): { readonly admission: Admission; readonly nowMs: number } {
  const admission = new Admission(standingOf);
  const late = { received: 256, waitedMs: 400, lost: 0 };
  for (let nowMs = 0; nowMs <= 200; nowMs += 10) admission.open(late, nowMs);
  return { admission, nowMs: 200 };
}

export interface LoadPlan {
  /** DISCOVERs a second of clients that the server does not know. */
  readonly discoversPerSecond: number;
  /** Renewals a second of clients with a lease. */
  readonly renewalsPerSecond?: number;
  readonly isAdmitting: boolean;
  /** Datagrams that the receive buffer holds: 13,000 unless told. */
  readonly queueMax?: number;
  readonly seconds: number;
}

export interface LoadResult {
  /** Exchanges a second that were over within a second. */
  readonly goodput: number;
  readonly renewalsAnswered: number;
  readonly renewalsSent: number;
}

/** Milliseconds of the server's time. */
const serveMs = 0.1;
const receiveMs = 0.0013;
const commitMs = 0.3;
const batchMax = 256;
/** From an OFFER to the REQUEST that answers it. */
const answerMs = 1;
const patienceMs = 1000;

interface Queued {
  readonly kind: "discover" | "request" | "renewal";
  readonly arrivedMs: number;
  readonly begunMs: number;
}

const sketches: Record<Queued["kind"], Uint8Array> = {
  discover: datagramOf({ type: MessageType.discover, standing: "unknown" }),
  request: datagramOf({ type: MessageType.request, standing: "remembered" }),
  renewal: datagramOf({ type: MessageType.request, standing: "known", isAddressed: true }),
};

/** A server of known cost behind a receive buffer of known length, in virtual time. */
export function playLoad(plan: LoadPlan): LoadResult {
  const {
    discoversPerSecond,
    renewalsPerSecond = 0,
    isAdmitting,
    queueMax = 13_000,
    seconds,
  } = plan;
  const admission = new Admission(standingOf);
  let queue: Queued[] = [];
  let onTheirWay: Queued[] = [];
  let [nowMs, discoversDue, renewalsDue, renewalsSent] = [0, 0, 0, 0];
  let [exchanges, renewalsAnswered, lost] = [0, 0, 0];
  const arrive = (untilMs: number): void => {
    const news: Queued[] = onTheirWay.filter(({ arrivedMs }) => arrivedMs <= untilMs);
    onTheirWay = onTheirWay.filter(({ arrivedMs }) => arrivedMs > untilMs);
    for (; discoversDue <= untilMs; discoversDue += 1000 / discoversPerSecond) {
      news.push({ kind: "discover", arrivedMs: discoversDue, begunMs: discoversDue });
    }
    for (
      ;
      renewalsPerSecond > 0 && renewalsDue <= untilMs;
      renewalsDue += 1000 / renewalsPerSecond
    ) {
      news.push({ kind: "renewal", arrivedMs: renewalsDue, begunMs: renewalsDue });
      renewalsSent += 1;
    }
    news.sort((one, other) => one.arrivedMs - other.arrivedMs);
    // What does not fit any more is lost, whatever it is.
    const room = queueMax - queue.length;
    lost += Math.max(0, news.length - room);
    queue = queue.concat(news.slice(0, room));
  };
  while (nowMs < seconds * 1000) {
    arrive(nowMs);
    const batch = queue.slice(0, batchMax);
    queue = queue.slice(batchMax);
    const waitedMs = batch.length > 0 ? nowMs - batch[0].arrivedMs : 0;
    const state = { received: batch.length, waitedMs, lost };
    const isSelective = isAdmitting && admission.open(state, nowMs);
    nowMs += Math.max(receiveMs * batch.length, 0.05);
    let isWritten = false;
    for (const one of batch) {
      const { kind, arrivedMs, begunMs } = one;
      if (isSelective && admission.refuse(sketches[kind], nowMs - arrivedMs)) continue;
      nowMs += serveMs;
      const isInTime = nowMs - begunMs <= patienceMs;
      if (kind === "discover") {
        if (isInTime) onTheirWay.push({ kind: "request", arrivedMs: nowMs + answerMs, begunMs });
      } else if (isInTime) {
        isWritten = true;
        exchanges += 1;
        if (kind === "renewal") renewalsAnswered += 1;
      }
    }
    if (isWritten) nowMs += commitMs;
  }
  return { goodput: exchanges / seconds, renewalsAnswered, renewalsSent };
}
