/** The message preceded by its octet count, as in RFC 6587, section 3.4.1. */
export function frameCounted(message: Uint8Array): Uint8Array {
  const count = `${message.length} `;
  const framed = new Uint8Array(count.length + message.length);
  for (let at = 0; at < count.length; at += 1) framed[at] = count.charCodeAt(at);
  framed.set(message, count.length);
  return framed;
}
