import type { ExecutedEvent } from "../result/failover-result.ts";
import { AckLine, type Gap } from "./ack-line.ts";
import { BIN_MS, type ServerAcks } from "./history.ts";

const SILENCE_MS_MIN = 1000;
/** A server that answers seldom is silent only after this many of its own intervals. */
const INTERVALS_MIN = 20;
const ACKS_MIN = 20;
const OTHERS_ACKS_MIN = 10;
const EVENTS_MAX = 16;

/**
 * Events that a run can see by itself: a server falls silent while others go on, or is back. `nodeOf`
 * and `nameOf` take server identifiers.
 */
export function seenEvents(
  servers: readonly ServerAcks[],
  nodeOf: (server: number) => ExecutedEvent["node"],
  nameOf: (server: number) => string,
): ExecutedEvent[] {
  return servers
    .flatMap((own) => {
      const node = nodeOf(own.server);
      const others = new AckLine(servers.filter(({ server }) => server !== own.server));
      const about = node === undefined ? {} : { node };
      const label = node ?? nameOf(own.server);
      return silencesOf(own, others).flatMap(({ fromMs, toMs }): ExecutedEvent[] => [
        {
          ...{ name: `silent-${label}`, startedAtMs: fromMs, ...about },
          text: `${nameOf(own.server)} fell silent while others acknowledged`,
        },
        ...(toMs === Number.POSITIVE_INFINITY
          ? []
          : [
              {
                ...{ name: `back-${label}`, startedAtMs: toMs, ...about },
                text: `${nameOf(own.server)} acknowledges again`,
              },
            ]),
      ]);
    })
    .toSorted((a, b) => a.startedAtMs - b.startedAtMs)
    .slice(0, EVENTS_MAX);
}

function silencesOf(own: ServerAcks, others: AckLine): Gap[] {
  const line = new AckLine([own]);
  const total = line.countIn(0, Number.POSITIVE_INFINITY);
  if (total < ACKS_MIN) return [];
  const bins = own.count.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const intervalMs = (bins * BIN_MS) / total;
  const longMs = Math.max(SILENCE_MS_MIN, INTERVALS_MIN * intervalMs);
  return line
    .gaps()
    .filter(
      ({ fromMs, toMs }) =>
        toMs - fromMs >= longMs && others.countIn(fromMs + BIN_MS, toMs) >= OTHERS_ACKS_MIN,
    );
}
