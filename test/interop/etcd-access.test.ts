import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import {
  type EtcdTlsFiles,
  readEtcdPassword,
  readEtcdTls,
} from "../../server/etcd/edge/etcd-access.ts";
import { StartError } from "../../server/process/start-error.ts";
import { CertificateAuthority, openSslMissingReason } from "./certificate-authority.testing.ts";

test("the password is what its file has, without one newline at the end", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-password-"));
  const credentials = { user: "agents", passwordFile: join(folder, "password") };
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const read = (text: string, mode = 0o600): string => {
    writeFileSync(credentials.passwordFile, text);
    chmodSync(credentials.passwordFile, mode);
    return readEtcdPassword(credentials);
  };
  expect(read("s3 cret\n")).toBe("s3 cret");
  expect(read("s3 cret")).toBe("s3 cret");
  expect(() => read("\n")).toThrow("password: the password for etcd is empty");
  expect(() => read("s3", 0o640)).toThrow("password: others may read the password for etcd");
  rmSync(credentials.passwordFile);
  expect(() => readEtcdPassword(credentials)).toThrow(StartError);
});

describeUnless(openSslMissingReason(), "the certificates for etcd", () => {
  let authority: CertificateAuthority;
  beforeAll(() => {
    authority = new CertificateAuthority();
  });
  afterAll(() => authority.close());

  test("are as the files have them at that moment", () => {
    const files = authority.issue("prov01");
    const { ca, cert, key } = readEtcdTls(files);
    for (const text of [ca, cert]) expect(text).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    authority.issue("prov01");
    expect(readEtcdTls(files)).not.toEqual({ ca, cert, key });
    expect(readEtcdTls(files).ca).toBe(ca);
  });

  test.each<[string, (files: EtcdTlsFiles) => void, string]>([
    ["there is no CA", ({ ca }) => rmSync(ca), "ca.crt: the certificate cannot be read (ENOENT)"],
    [
      "the certificate is none",
      ({ certificate }) => writeFileSync(certificate, "here it will be"),
      "prov01.crt: no certificate in PEM (",
    ],
    [
      "the key is half-written",
      ({ key }) => writeFileSync(key, "-----BEGIN PRIVATE KEY-----\n"),
      "prov01.key: no key in PEM that can be used unattended (",
    ],
    [
      "others may read the key",
      ({ key }) => chmodSync(key, 0o640),
      "prov01.key: others may read the key for etcd; chmod 600 ",
    ],
    [
      "the key is another one's",
      ({ key }) => copyFileSync(authority.issue("prov02").key, key),
      "prov01.key: this is not the key of ",
    ],
  ])("%s", (_, spoil, words) => {
    authority.close();
    authority = new CertificateAuthority();
    const files = authority.issue("prov01");
    spoil(files);
    expect(() => readEtcdTls(files)).toThrow(StartError);
    expect(() => readEtcdTls(files)).toThrow(words);
  });
});
