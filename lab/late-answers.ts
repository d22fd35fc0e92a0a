import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";

// A program: a relay before a member of the store. What the member answers leaves as many milliseconds later
// as the file says, which is read again and again. Arguments: ADDRESS, PORT to listen on, PORT of the member,
// FILE.

const LOOK_MS = 100;
/** The member is not read from while more waits for one client. */
const WAITING_BYTES_MAX = 16 << 20;

const [address = "", port = "", memberPort = "", file = ""] = process.argv.slice(2);
let delayMs = 0;

function look(): void {
  delayMs = Number(readFileSync(file, "utf8"));
}

look();
setInterval(look, LOOK_MS);

createServer((client) => {
  const member = connect({ host: address, port: Number(memberPort), noDelay: true });
  client.setNoDelay(true);
  client.pipe(member);
  answerLate(member, client);
  const end = (): void => {
    client.destroy();
    member.destroy();
  };
  client.on("error", end).on("close", end);
  // What it has answered leaves first.
  member.on("error", end).on("close", () => void setTimeout(end, delayMs));
}).listen(Number(port), address, () => process.stdout.write("ready\n"));

function answerLate(member: Socket, client: Socket): void {
  let waitingBytes = 0;
  let latestDueMs = 0;
  member.on("data", (bytes) => {
    // In their order, also when the delay becomes shorter.
    latestDueMs = Math.max(latestDueMs, performance.now() + delayMs);
    waitingBytes += bytes.length;
    if (waitingBytes > WAITING_BYTES_MAX) member.pause();
    setTimeout(() => {
      waitingBytes -= bytes.length;
      if (waitingBytes <= WAITING_BYTES_MAX) member.resume();
      if (!client.destroyed) client.write(bytes);
    }, latestDueMs - performance.now());
  });
}
