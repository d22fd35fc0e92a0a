/** A folder that both nodes have, by one name on both. */
export interface MirrorFolder {
  readonly name: string;
  readonly path: string;
  /** This one file of the folder, and nothing else of it. */
  readonly only?: string;
}

export interface MirrorLink {
  readonly address: number;
  readonly peerAddress: number;
  /** TCP port of both ends. */
  readonly port: number;
}

/** What keeps the folders of a pair's two nodes in step; plain data, so that it crosses to a thread. */
export interface MirrorPlan {
  readonly folders: readonly MirrorFolder[];
  /** The interconnects of the pair: every one is served, and they are asked in turn. */
  readonly links: readonly MirrorLink[];
  /** The pair's key, the same as that of the heartbeats. */
  readonly keyFile: string;
  /** From one look at the other node to the next. */
  readonly intervalMs: number;
}

/** Of one folder. What is beyond them is not mirrored, and nothing is removed on the other side. */
export const mirrorLimits = {
  filesMax: 200_000,
  foldersMax: 10_000,
  depthMax: 32,
  bytesMax: 64 * 1024 ** 3,
  /** Of a manifest as text. */
  manifestBytesMax: 128 * 1024 ** 2,
} as const;
