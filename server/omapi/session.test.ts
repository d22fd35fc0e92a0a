import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bytesOf, concatenate } from "../../protocol/bytes.ts";
import { parseHex } from "../../protocol/hex.ts";
import { latin1Bytes as text } from "../../protocol/latin1.ts";
import {
  decodeMessage,
  encodeIntroduction,
  encodeMessage,
  type OmapiMessage,
} from "../../protocol/omapi/message.ts";
import { OmapiResult } from "./results.ts";
import { type OmapiKey, OmapiSession, type SessionStep } from "./session.ts";

// The key with which omshell and dhcpd 4.4.3-P1 signed what the captured bytes are from.
const secret = Buffer.from("pRP5FapFoJ95JEL06sv4PQ==", "base64");
const hex = (digits: string): Uint8Array => parseHex(digits.replaceAll(" ", ""))!;

function keyOf(keySecret: Uint8Array = secret): OmapiKey {
  const sign = (bytes: Uint8Array) => createHmac("md5", keySecret).update(bytes).digest();
  const algorithm = "hmac-md5.SIG-ALG.REG.INT.";
  return { name: "omkey", algorithm, handle: 1, signer: { bytes: 16, sign } };
}

const nothing = { authenticator: 0, handle: 0, id: 7, answers: 0, about: [], object: [] } as const;
type Asked = Partial<OmapiMessage> & Pick<OmapiMessage, "operation">;
const bytesFrom = (message: Asked, key = keyOf()) =>
  encodeMessage({ ...nothing, ...message }, key.signer);

function begun(key: OmapiKey | undefined = keyOf(), firstId = 0x135ce1dd): OmapiSession {
  const session = new OmapiSession({ key, firstId });
  expect(session.receive(encodeIntroduction())).toEqual([]);
  return session;
}

/** A session whose client has named the key, as omshell does: with the algorithm in capitals. */
function authenticated(firstId?: number): OmapiSession {
  const session = begun(keyOf(), firstId);
  session.receive(openKey("omkey", "HMAC-MD5.SIG-ALG.REG.INT."));
  return session;
}

function openKey(name: string, algorithm: string): Uint8Array {
  return bytesFrom({
    ...{ operation: "open", about: [["type", text("authenticator")]] },
    object: [
      ["name", text(name)],
      ["algorithm", text(algorithm)],
    ],
  });
}

function sent(steps: readonly SessionStep[]) {
  return steps.map((step) => {
    if (step.kind !== "send") return step.kind === "close" ? "close" : step.request;
    const read = decodeMessage(step.bytes);
    if (read.kind !== "whole") throw new Error(read.kind);
    const { authenticator, operation, handle, answers, about, object } = read.message;
    const values = [...about, ...object].map(
      ([name, value]) => `${name} ${Buffer.from(value).toString("hex")}`,
    );
    return { authenticator, operation, handle, answers, values };
  });
}

const status = (result: number, words?: string, authenticator = 0) => ({
  ...{ authenticator, operation: "status", handle: 0, answers: 7 },
  values: [
    `result ${Buffer.from(bytesOf(result, 4)).toString("hex")}`,
    ...(words === undefined ? [] : [`message ${Buffer.from(words).toString("hex")}`]),
  ],
});

test("OMAPI-3: omshell's refresh and dhcpd's answer to a removal, byte for byte", () => {
  const session = authenticated(0x135ce1dc);
  const refresh = hex(
    "00000001 00000010 00000002 00000002 6b8b456a 00000000 0000 0000 4638154adefd29190612654833f32c6b",
  );
  const remove = hex(
    "00000001 00000010 00000006 00000002 6b8b456b 00000000 0000 0000 6b7fe7f535fec2604dfb68ae87422066",
  );
  const [first, second] = session.receive(concatenate(refresh, remove));
  expect(first).toMatchObject({ kind: "ask", request: { kind: "refresh", handle: 2 } });
  expect(second).toMatchObject({ kind: "ask", request: { kind: "delete", handle: 2 } });
  if (second.kind !== "ask") throw new Error("it asks nothing");
  const reply = second.reply({ kind: "status", result: OmapiResult.success });
  expect(Buffer.from(reply).toString("hex")).toBe(
    Buffer.from(
      concatenate(
        hex("00000001 00000010 00000005 00000000 135ce1dd 6b8b456b 0006"),
        text("result"),
        hex("00000004 00000000 0000 0000 cbc7fa7f89e22b58c56133e186684332"),
      ),
    ).toString("hex"),
  );
});

describe("who may ask", () => {
  const host = { operation: "open", about: [["type", text("host")]] } as const;

  test("a key is named first; it is answered with its handle, and never with the secret", () => {
    const steps = begun().receive(openKey("omkey", "HMAC-MD5.sig-alg.reg.int."));
    const name = `name ${Buffer.from("omkey").toString("hex")}`;
    const algorithm = `algorithm ${Buffer.from("hmac-md5.SIG-ALG.REG.INT.").toString("hex")}`;
    const update = { authenticator: 0, operation: "update", handle: 1, answers: 7 };
    expect(sent(steps)).toEqual([{ ...update, values: [name, algorithm] }]);
  });

  test.each([
    ["omkey", "hmac-sha256.SIG-ALG.REG.INT."],
    ["other", "hmac-md5.SIG-ALG.REG.INT."],
    ["", ""],
  ])("the key %s with %s is not found", (name, algorithm) => {
    expect(sent(begun().receive(openKey(name, algorithm)))).toEqual([
      status(OmapiResult.notFound, "no object matches specification"),
    ]);
  });

  test("without a signature nothing is asked", () => {
    const session = authenticated();
    const { noKeys } = OmapiResult;
    const operations: readonly Asked[] = [
      host,
      { operation: "open" },
      { operation: "refresh", handle: 2 },
      { operation: "update", handle: 2 },
      { operation: "delete", handle: 2 },
      { operation: "notify" },
    ];
    for (const message of operations) {
      expect(sent(session.receive(bytesFrom(message)))).toEqual([
        status(noKeys, "No authenticator on message"),
      ]);
    }
  });

  test("a wrong signature is told without one, and the connection goes on", () => {
    const session = authenticated();
    const wrong = bytesFrom({ ...host, authenticator: 1 }, keyOf(text("another secret")));
    expect(sent(session.receive(wrong))).toEqual([status(OmapiResult.invalidKey)]);
    const cut = bytesFrom({ ...host, authenticator: 1 });
    cut[cut.length - 1] ^= 1;
    expect(sent(session.receive(cut))).toEqual([status(OmapiResult.invalidKey)]);
    expect(session.receive(bytesFrom({ ...host, authenticator: 1 }))[0].kind).toBe("ask");
  });

  test("a signature by a key that was not named, or by another one, ends the connection", () => {
    expect(sent(begun().receive(bytesFrom({ ...host, authenticator: 1 })))).toEqual(["close"]);
    const session = authenticated();
    expect(sent(session.receive(bytesFrom({ ...host, authenticator: 2 })))).toEqual(["close"]);
    expect(session.receive(bytesFrom({ ...host, authenticator: 1 }))).toEqual([]);
  });

  test("without omapi-key everybody may ask", () => {
    const session = new OmapiSession({ key: undefined, firstId: 1 });
    session.receive(encodeIntroduction());
    expect(sent(session.receive(bytesFrom(host)))).toMatchObject([{ kind: "open", type: "host" }]);
  });
});

describe("what is asked", () => {
  const one = bytesOf(1, 4);

  test("OMAPI-4: omshell's create and open", () => {
    const session = authenticated();
    const object = [["name", text("a")]] as const;
    const about = [
      ["create", one],
      ["exclusive", one],
      ["type", text("host")],
    ] as const;
    const create = bytesFrom({ authenticator: 1, operation: "open", about, object });
    const open = bytesFrom({ authenticator: 1, operation: "open", about: [about[2]], object });
    const asked = { kind: "open", type: "host", updates: false, values: object };
    expect(sent(session.receive(concatenate(create, open)))).toEqual([
      { ...asked, creates: true, isExclusive: true },
      { ...asked, creates: false, isExclusive: false },
    ]);
  });

  test("an open without a type refreshes a handle, and creates nothing", () => {
    const session = authenticated();
    const open = { authenticator: 1, operation: "open", handle: 5 } as const;
    expect(sent(session.receive(bytesFrom(open)))).toEqual([{ kind: "refresh", handle: 5 }]);
    const about = [["create", one]] as const;
    expect(sent(session.receive(bytesFrom({ ...open, about })))).toEqual([
      status(OmapiResult.invalidArgument, "type required on create", 1),
    ]);
    const short = [["create", Uint8Array.of(1)]] as const;
    expect(sent(session.receive(bytesFrom({ ...open, about: short })))).toEqual([
      status(OmapiResult.invalidArgument, "invalid create flag value", 1),
    ]);
  });

  test("answers are not answered, and a notification is refused", () => {
    const session = authenticated();
    const signed = { authenticator: 1, answers: 99 } as const;
    for (const operation of ["status", "update", "refresh", "delete"] as const) {
      expect(session.receive(bytesFrom({ ...signed, operation }))).toEqual([]);
    }
    expect(sent(session.receive(bytesFrom({ ...signed, operation: "open" })))).toEqual([
      status(OmapiResult.invalidArgument, "OPEN can't be a response", 1),
    ]);
    expect(sent(session.receive(bytesFrom({ authenticator: 1, operation: "notify" })))).toEqual([
      status(OmapiResult.notImplemented, "notify not implemented yet", 1),
    ]);
  });

  test("bytes may come in any pieces", () => {
    const whole = concatenate(
      encodeIntroduction(),
      openKey("omkey", "hmac-md5.SIG-ALG.REG.INT."),
      bytesFrom({ authenticator: 1, operation: "refresh", handle: 3 }),
      bytesFrom({ authenticator: 1, operation: "update", handle: 3, object: [["a", one]] }),
    );
    const inOne = new OmapiSession({ key: keyOf(), firstId: 1 }).receive(whole);
    expect(inOne).toHaveLength(3);
    for (let size = 1; size < 40; size += 1) {
      const session = new OmapiSession({ key: keyOf(), firstId: 1 });
      const steps: SessionStep[] = [];
      for (let at = 0; at < whole.length; at += size) {
        steps.push(...session.receive(whole.slice(at, at + size)));
      }
      expect(sent(steps)).toEqual(sent(inOne));
    }
  });

  test("what is no OMAPI ends the connection, once", () => {
    const session = new OmapiSession({ key: keyOf(), firstId: 1 });
    expect(session.receive(text("GET / HTTP/1.1\r\n"))).toEqual([
      { kind: "close", why: "version 1195725856 of the protocol" },
    ]);
    expect(session.receive(text("Host: x\r\n"))).toEqual([]);
  });
});
