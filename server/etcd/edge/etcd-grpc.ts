import { type ClientHttp2Stream, constants } from "node:http2";

/** Messages on a stream of HTTP/2, as gRPC has them (grpc/doc/PROTOCOL-HTTP2.md); none is compressed. */

/** Longer answers are refused. */
const MESSAGE_BYTES_MAX = 64 << 20;

/** gRPC's frame of one message: not compressed, length, bytes. */
export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}

/**
 * A part of a message. It is shorter than the window that a member opens for a new stream (RFC 9113, 6.9.2), so a
 * longer message leaves in parts as the member takes them.
 */
const PART_BYTES = 32 << 10;

/** Sends a frame and ends the stream. `onTaken` hears how many bytes have been taken, before the last part is sent. */
export function writeMessage(
  stream: ClientHttp2Stream,
  frame: Uint8Array,
  onTaken?: (takenBytes: number) => void,
  start = 0,
): void {
  const end = start + PART_BYTES;
  if (frame.length <= end) {
    stream.end(frame.subarray(start));
    return;
  }
  stream.write(frame.subarray(start, end), (error) => {
    if (error) return;
    onTaken?.(end);
    if (!stream.writableEnded) writeMessage(stream, frame, onTaken, end);
  });
}

/** Hears the messages of a stream. */
export interface MessageListener {
  onMessage(message: Uint8Array): void;
  /** Called once. `status` is gRPC's, or "none" when the stream ended without one. */
  onEnd(status: string, text: string): void;
}

export function readMessages(stream: ClientHttp2Stream, listener: MessageListener): void {
  let status = "none";
  let text = "the connection ended";
  let rest: Buffer = Buffer.alloc(0);
  const readStatus = (headers: Record<string, unknown>): void => {
    if (typeof headers["grpc-status"] === "string") status = headers["grpc-status"];
    if (typeof headers["grpc-message"] === "string") text = headers["grpc-message"];
  };
  stream.on("response", readStatus);
  stream.on("trailers", readStatus);
  stream.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 5) {
      const lengthBytes = rest.readUInt32BE(1);
      if (rest[0] !== 0 || lengthBytes > MESSAGE_BYTES_MAX) {
        status = "none";
        text = "an answer that cannot be read";
        stream.close(constants.NGHTTP2_CANCEL);
        return;
      }
      if (rest.length < 5 + lengthBytes) return;
      listener.onMessage(rest.subarray(5, 5 + lengthBytes));
      rest = rest.subarray(5 + lengthBytes);
    }
  });
  stream.on("error", (error) => {
    text = error.message;
  });
  stream.once("close", () => listener.onEnd(status, text));
}
