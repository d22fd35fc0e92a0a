import { gunzipSync, gzipSync } from "node:zlib";

// Gzip of: the length of the JSON text (4 bytes), the text, and the columns one after the other. Numbers are
// little-endian. Nothing in it can be anything but plain data.

const columnKinds = { Uint8Array, Int32Array, Uint32Array, Float64Array } as const;
type ColumnKind = keyof typeof columnKinds;

/** Stands in the text where a column belongs. */
const COLUMN = "$column";
const LENGTH_BYTES = 4;

/** Bytes that are not what `pack` makes, or would be too many. */
export class PackedError extends Error {
  override readonly name = "PackedError";
}

/**
 * JSON with typed arrays in it, in few bytes. What JSON leaves out is left out: a field that is undefined. Throws
 * PackedError when it would unpack to more than `bytesMax`.
 */
export function pack(value: unknown, bytesMax: number): Buffer {
  const columns: Buffer[] = [];
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (!ArrayBuffer.isView(part)) return part;
    columns.push(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    const kind = part.constructor.name as ColumnKind;
    return { [COLUMN]: kind, length: part.byteLength / columnKinds[kind].BYTES_PER_ELEMENT };
  });
  const textBytes = Buffer.from(text);
  const head = Buffer.alloc(LENGTH_BYTES);
  head.writeUInt32LE(textBytes.length);
  const bytes = Buffer.concat([head, textBytes, ...columns]);
  if (bytes.length > bytesMax) {
    throw new PackedError(`${bytes.length} bytes are too many (limit ${bytesMax})`);
  }
  return gzipSync(bytes, { level: 1 });
}

/** What was packed; the caller checks its shape. Throws PackedError beyond `bytesMax` unpacked bytes. */
export function unpack(packed: Uint8Array, bytesMax: number): unknown {
  try {
    return readColumns(gunzipSync(packed, { maxOutputLength: bytesMax }));
  } catch (error) {
    if (error instanceof PackedError) throw error;
    throw new PackedError((error as Error).message, { cause: error });
  }
}

function readColumns(bytes: Buffer): unknown {
  const textEnd = LENGTH_BYTES + bytes.readUInt32LE(0);
  if (textEnd > bytes.length) throw new PackedError("its text is cut short");
  let at = textEnd;
  const value: unknown = JSON.parse(
    bytes.toString("utf8", LENGTH_BYTES, textEnd),
    (_, part: unknown) => {
      if (typeof part !== "object" || part === null || !Object.hasOwn(part, COLUMN)) return part;
      const { [COLUMN]: kind, length } = part as { readonly [COLUMN]: string; length: unknown };
      if (!isColumnKind(kind)) throw new PackedError(`there is no column of ${String(kind)}`);
      const { BYTES_PER_ELEMENT } = columnKinds[kind];
      const end = at + Number(length) * BYTES_PER_ELEMENT;
      // Each byte belongs to one column, so that all together are no longer than the bytes.
      if (!(Number.isInteger(end) && end >= at && end <= bytes.length)) {
        throw new PackedError("a column is longer than the bytes");
      }
      const { buffer } = new Uint8Array(bytes.subarray(at, end));
      at = end;
      const column: new (buffer: ArrayBuffer) => ArrayBufferView = columnKinds[kind];
      return new column(buffer);
    },
  );
  if (at !== bytes.length) throw new PackedError("there are bytes behind the last column");
  return value;
}

function isColumnKind(kind: unknown): kind is ColumnKind {
  return typeof kind === "string" && Object.hasOwn(columnKinds, kind);
}
