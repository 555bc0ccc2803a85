// Whose attempt is it: this machine's, a stranger's, or one that a proxy on this machine passed on?
import { describe, expect, test } from "bun:test";
import { isFromThisMachine, strangerAddress } from "../../service/transport/loopback.ts";

const none = new Headers({ host: "127.0.0.1:8080" });

describe("isFromThisMachine()", () => {
  test("takes loopback addresses without a trace of a proxy", () => {
    for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
      expect(isFromThisMachine(address, none)).toBe(true);
    }
    for (const address of ["203.0.113.1", "::2", "10.0.0.1", "", "127.0.0.1.example.com"]) {
      expect(isFromThisMachine(address, none)).toBe(false);
    }
    for (const host of ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8080"]) {
      expect(isFromThisMachine("127.0.0.1", new Headers({ host }))).toBe(true);
    }
    for (const name of ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"]) {
      expect(isFromThisMachine("127.0.0.1", new Headers({ host: "localhost", [name]: "x" }))).toBe(
        false,
      );
    }
  });
});

describe("isFromThisMachine(), asked by a browser", () => {
  test("T8: refuses a page whose name has been pointed at this machine", () => {
    for (const host of ["evil.example.com", "evil.example.com:8080", "localhost.evil.com", ""]) {
      expect(isFromThisMachine("127.0.0.1", new Headers({ host }))).toBe(false);
    }
    expect(isFromThisMachine("127.0.0.1", new Headers())).toBe(false);
  });
});

describe("strangerAddress()", () => {
  test("T18: counts strangers by address, this machine's programs not at all", () => {
    expect(strangerAddress("203.0.113.1", none)).toBe("203.0.113.1");
    expect(strangerAddress("127.0.0.1", none)).toBe(null);
  });

  test("T18: believes the last hop of a proxy on this machine, and nobody else", () => {
    const chain = new Headers({ "X-Forwarded-For": "198.51.100.7, 203.0.113.9" });
    expect(strangerAddress("127.0.0.1", chain)).toBe("203.0.113.9");
    expect(strangerAddress("198.51.100.1", chain)).toBe("198.51.100.1");
    expect(strangerAddress("127.0.0.1", new Headers({ via: "1.1 proxy" }))).toBe("127.0.0.1");
    const long = new Headers({ "X-Forwarded-For": "x".repeat(65) });
    expect(strangerAddress("127.0.0.1", long)).toBe("127.0.0.1");
  });
});
