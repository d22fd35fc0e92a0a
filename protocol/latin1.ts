/** One character a byte, so that the names of a configuration can be kept as text. */
export function latin1Text(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The inverse; characters beyond U+00FF lose their upper bits. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** A view of a text without NULs at its end: some senders add them (RFC 2132, section 2). */
export function withoutTrailingNuls(text: Uint8Array): Uint8Array {
  let end = text.length;
  while (end > 0 && text[end - 1] === 0) end -= 1;
  return end === text.length ? text : text.subarray(0, end);
}
