/** A file of an archive. The name is ASCII, with `/` between folders. */
export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const LOCAL_HEADER = 0x0403_4b50;
const CENTRAL_HEADER = 0x0201_4b50;
const END_RECORD = 0x0605_4b50;
const LOCAL_HEADER_BYTES = 30;
const CENTRAL_HEADER_BYTES = 46;
const END_RECORD_BYTES = 22;

// Made under Unix by, and readable with, version 1.0 of the format: stored files need no more.
const VERSION_NEEDED = 10;
const VERSION_MADE_BY = (3 << 8) | VERSION_NEEDED;
// 1 January 1980, 0:00, the first day there is: the same contents are the same archive at any time.
const FIRST_DATE = (1 << 5) | 1;
/** A plain file that everybody may read and its owner may write. */
const UNIX_MODE = 0o100_644;
const ARCHIVE_BYTES_MAX = 0xffff_ffff;
const ENTRIES_MAX = 0xffff;

/**
 * A ZIP archive with its files stored, not compressed (PKWARE's APPNOTE.TXT, section 4.3). Throws
 * RangeError for what would need the 64-bit format, and for a name that is not plain ASCII.
 */
export function zipArchive(entries: readonly ZipEntry[]): Uint8Array {
  const names = entries.map(({ name }) => nameBytes(name));
  const localBytes = entries.map(
    ({ bytes }, index) => LOCAL_HEADER_BYTES + names[index]!.length + bytes.length,
  );
  const centralBytes = names.map((name) => CENTRAL_HEADER_BYTES + name.length);
  const centralAt = sum(localBytes);
  const totalBytes = centralAt + sum(centralBytes) + END_RECORD_BYTES;
  if (totalBytes > ARCHIVE_BYTES_MAX || entries.length > ENTRIES_MAX) {
    throw new RangeError(
      `an archive of ${entries.length} files and ${totalBytes} bytes is too big`,
    );
  }

  const archive = new Uint8Array(totalBytes);
  const writer = new LittleEndianWriter(archive);
  const checksums = entries.map(({ bytes }) => crc32(bytes));
  for (const [index, { bytes }] of entries.entries()) {
    writer.u32(LOCAL_HEADER);
    writeCommonFields(writer, checksums[index]!, bytes.length, names[index]!.length);
    writer.bytes(names[index]!);
    writer.bytes(bytes);
  }
  let localAt = 0;
  for (const [index, { bytes }] of entries.entries()) {
    writer.u32(CENTRAL_HEADER);
    writer.u16(VERSION_MADE_BY);
    writeCommonFields(writer, checksums[index]!, bytes.length, names[index]!.length);
    writer.u16(0); // length of the comment
    writer.u16(0); // disk
    writer.u16(0); // internal attributes
    writer.u32(UNIX_MODE * 0x1_0000);
    writer.u32(localAt);
    writer.bytes(names[index]!);
    localAt += localBytes[index]!;
  }
  writer.u32(END_RECORD);
  writer.u16(0); // this disk
  writer.u16(0); // disk with the central directory
  writer.u16(entries.length); // on this disk
  writer.u16(entries.length); // altogether
  writer.u32(sum(centralBytes));
  writer.u32(centralAt);
  writer.u16(0); // length of the comment
  return archive;
}

/** The CRC-32 of ZIP, Ethernet and many others: polynomial 04C11DB7, reflected. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
}

const REFLECTED_POLYNOMIAL = 0xedb8_8320;

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) {
    crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ REFLECTED_POLYNOMIAL;
  }
  return crc;
});

/** What both headers of a file have, in the same order. */
function writeCommonFields(
  writer: LittleEndianWriter,
  checksum: number,
  lengthBytes: number,
  nameLength: number,
): void {
  writer.u16(VERSION_NEEDED);
  writer.u16(0); // flags
  writer.u16(0); // method: stored
  writer.u16(0); // time
  writer.u16(FIRST_DATE);
  writer.u32(checksum);
  writer.u32(lengthBytes); // compressed
  writer.u32(lengthBytes);
  writer.u16(nameLength);
  writer.u16(0); // length of the extra field
}

class LittleEndianWriter {
  readonly #target: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(target: Uint8Array) {
    this.#target = target;
    this.#view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  bytes(value: Uint8Array): void {
    this.#target.set(value, this.#at);
    this.#at += value.length;
  }
}

function nameBytes(name: string): Uint8Array {
  if (!/^[\x21-\x7e]{1,255}$/.test(name)) {
    throw new RangeError(`"${name}" is no name for a file of an archive: use ASCII without blanks`);
  }
  return Uint8Array.from(name, (character) => character.charCodeAt(0));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
