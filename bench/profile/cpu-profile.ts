/** What V8 writes for `--cpu-prof`: a tree of calls, and which of them ran at each sample. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Node ids, one a sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before; the first, since `startTime`. */
  readonly timeDeltas: readonly number[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

/** A function in its place in the tree of calls. */
export interface Call {
  readonly name: string;
  /** Below the package's `dist/`, as `server/dhcp/decide/engine.js`; else what V8 says, maybe nothing. */
  readonly file: string;
  /** From 1; 0 for what has no source. */
  readonly line: number;
  /** Time in the function itself, microseconds. */
  selfMicros: number;
  /** With all that it called. */
  totalMicros: number;
  readonly children: readonly Call[];
}

/** Part of a profile's time, in microseconds of the monotonic clock. */
export interface TimeWindow {
  readonly fromMicros: number;
  readonly toMicros: number;
}

/** The tree of calls with the samples of `window`; its root has no time of its own. */
export function callTree(profile: CpuProfile, window: TimeWindow): Call {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const [root] = profile.nodes;
  if (root === undefined) throw new Error("the profile has no calls in it");
  const calls = new Map<number, Call>();
  const grow = (node: ProfileNode): Call => {
    const children = (node.children ?? []).map((id) => grow(byId.get(id)!));
    const { functionName, url, lineNumber } = node.callFrame;
    const call = {
      name: functionName === "" ? "(anonymous)" : functionName,
      file: fileOf(url),
      line: lineNumber + 1,
      selfMicros: 0,
      totalMicros: 0,
      children,
    };
    calls.set(node.id, call);
    return call;
  };
  const tree = grow(root);
  addSamples(profile, window, calls);
  sumUp(tree);
  return tree;
}

function addSamples(
  { samples, timeDeltas, startTime }: CpuProfile,
  { fromMicros, toMicros }: TimeWindow,
  calls: ReadonlyMap<number, Call>,
): void {
  let atMicros = startTime;
  for (const [index, id] of samples.entries()) {
    atMicros += timeDeltas[index] ?? 0;
    // A sample stands for the time until the next one.
    const lastsMicros = timeDeltas[index + 1] ?? 0;
    if (atMicros < fromMicros || atMicros + lastsMicros > toMicros) continue;
    const call = calls.get(id);
    // The clock of the sampler may step back by a little.
    if (call !== undefined && lastsMicros > 0) call.selfMicros += lastsMicros;
  }
}

function sumUp(call: Call): void {
  call.totalMicros = call.selfMicros;
  for (const child of call.children) {
    sumUp(child);
    call.totalMicros += child.totalMicros;
  }
}

function fileOf(url: string): string {
  const inPackage = /\/dist\/(.+)$/.exec(url);
  return inPackage?.[1] ?? url;
}
