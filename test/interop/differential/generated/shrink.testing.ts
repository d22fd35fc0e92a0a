import type { ConfigNode, Move, Pair } from "./pair.testing.ts";

/** Duels that one shrinking may take. */
const attemptsMax = 600;

/**
 * The smallest pair that is still different, found by leaving out whatever can be left out. A
 * configuration that dhcpd then refuses is not different, so what is needed stays by itself.
 */
export async function shrink(
  pair: Pair,
  isDifferent: (candidate: Pair) => Promise<boolean>,
): Promise<Pair> {
  let smallest = pair;
  let attempts = 0;
  for (;;) {
    let isSmaller = false;
    for (const candidate of candidates(smallest)) {
      attempts += 1;
      if (attempts > attemptsMax) return smallest;
      if (!(await isDifferent(candidate))) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
    if (!isSmaller) return smallest;
  }
}

/** Smaller pairs, the much smaller ones first. */
function* candidates(pair: Pair): Generator<Pair> {
  const { configuration, leases, moves } = pair;
  for (const fewer of withoutChunks(moves)) yield { ...pair, moves: fewer };
  for (const fewer of smallerConfigurations(configuration)) yield { ...pair, configuration: fewer };
  for (const fewer of withoutChunks(leases)) yield { ...pair, leases: fewer };
  for (const [at, move] of moves.entries()) {
    for (const simpler of simplerMoves(move)) {
      yield { ...pair, moves: moves.map((one, index) => (index === at ? simpler : one)) };
    }
  }
}

/** A list without half of it, a quarter, …, a single item. */
function* withoutChunks<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (
    let size = Math.ceil(items.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < items.length; from += size) {
      yield [...items.slice(0, from), ...items.slice(from + size)];
    }
  }
}

function* smallerConfigurations(nodes: readonly ConfigNode[]): Generator<readonly ConfigNode[]> {
  yield* withoutChunks(nodes);
  for (const [at, node] of nodes.entries()) {
    if (typeof node === "string") continue;
    const replaced = (...by: readonly ConfigNode[]): readonly ConfigNode[] => [
      ...nodes.slice(0, at),
      ...by,
      ...nodes.slice(at + 1),
    ];
    if (/^(group|if|elsif|else|)\b/.test(node.head)) yield replaced(...node.items);
    for (const items of smallerConfigurations(node.items)) yield replaced({ ...node, items });
  }
}

function* simplerMoves(move: Move): Generator<Move> {
  const { waitSeconds, namesServer, fill, ...rest } = move;
  if (waitSeconds !== undefined)
    yield { ...rest, ...(fill && { fill }), ...(namesServer && { namesServer }) };
  if (namesServer !== undefined)
    yield { ...rest, ...(fill && { fill }), ...(waitSeconds && { waitSeconds }) };
  for (const key of Object.keys(move.message)) {
    if (key === "mac" || key === "type" || key === "giaddr") continue;
    const message = Object.fromEntries(
      Object.entries(move.message).filter(([name]) => name !== key),
    ) as Move["message"];
    yield { ...move, message };
  }
  const { list } = move.message;
  if (list === undefined || list.length < 2) return;
  for (const fewer of withoutChunks(list)) {
    if (fewer.length > 0) yield { ...move, message: { ...move.message, list: fewer } };
  }
}
