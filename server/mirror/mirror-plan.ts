/** A folder that both nodes have under the same name. */
export interface MirrorFolder {
  readonly name: string;
  readonly path: string;
  /** Only this file of the folder. */
  readonly only?: string;
}

export interface MirrorLink {
  readonly address: number;
  readonly peerAddress: number;
  /** TCP port on both nodes. */
  readonly port: number;
}

/**
 * How to keep the folders of a pair's two nodes equal; plain data, so that it can be sent to a thread.
 */
export interface MirrorPlan {
  readonly folders: readonly MirrorFolder[];
  /** The interconnects of the pair: the server listens on each, and the client tries them in turn. */
  readonly links: readonly MirrorLink[];
  /** The pair's key, also used for the heartbeats. */
  readonly keyFile: string;
  /** Interval between two looks at the other node. */
  readonly intervalMs: number;
}

/**
 * Limits of one folder. Files beyond them are not mirrored, and then nothing is removed on the other
 * side.
 */
export const mirrorLimits = {
  filesMax: 200_000,
  foldersMax: 10_000,
  depthMax: 32,
  bytesMax: 64 * 1024 ** 3,
  /** Size of a manifest as text. */
  manifestBytesMax: 128 * 1024 ** 2,
} as const;
