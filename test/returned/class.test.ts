import { describe, expect, test } from "vitest";
import { classify, findStatus } from "../../src/returned/class.ts";

describe("hard", () => {
  test.each([
    ["5.1.1", "550 5.1.1 User unknown"],
    ["5.1.1", ""],
    ["5.1.10", ""],
    ["5.2.1", "550 5.2.1 The email account is disabled"],
    ["5.4.4", "Host not found"],
    ["5.0.0", "550 no mailbox here by that name"],
    ["5.7.1", "550 5.7.1 Recipient not found"],
    ["5.0.0", "550 5.2.1 It is switched off"],
    [null, "DNS lookup failure: host nowhere.example not found"],
    [null, "an MX or SRV record indicated no SMTP service"],
    [null, "Remote host said: 550 User unknown Giving up on 192.0.2.1."],
    [null, "550 BAD_RECIPIENT"],
    [null, "Unrouteable address"],
    [null, "This user doesn't have an account"],
    [null, "User bob not listed in Domino Directory"],
    [null, "550 Benutzer unbekannt"],
    [null, "550 utilisateur inconnu"],
    [null, "550 usuario desconocido"],
    [null, "550 Usuário não encontrado"],
    [null, "550 получатель не найден"],
    [null, "メールアドレスが見つかりませんでした"],
  ])("is %s %j", (status, words) => {
    expect(classify(status, words)).toBe("hard");
  });
});

describe("soft", () => {
  test.each([
    ["4.1.1", "User unknown"],
    [null, "450 User unknown"],
    ["5.2.2", ""],
    ["5.1.1", "552 Mailbox is full"],
    ["5.0.0", "552 over quota"],
    ["5.2.3", "552 Message size exceeds fixed limit"],
    ["5.4.7", "delivery time expired"],
    ["5.4.6", "mail loop"],
    [null, "Connection timed out"],
    ["5.0.0", "550 mailbox suspended"],
  ])("is %s %j", (status, words) => {
    expect(classify(status, words)).toBe("soft");
  });
});

describe("block", () => {
  test.each([
    ["5.1.1", "550 5.1.1 refused as spam"],
    ["5.7.1", "554 5.7.1 listed in a blocklist, user unknown"],
    ["5.7.26", "550 5.7.26 Unauthenticated email is not accepted due to DMARC policy"],
    ["5.7.1", ""],
    ["4.7.1", "450 4.7.1 poor reputation"],
    [null, "550 relaying denied"],
    ["5.6.0", ""],
  ])("is %s %j", (status, words) => {
    expect(classify(status, words)).toBe("block");
  });
});

test("what says nothing is undetermined", () => {
  expect(classify(null, "")).toBe("undetermined");
  expect(classify("5.0.0", "550 Sorry")).toBe("undetermined");
});

describe("a status in an answer", () => {
  test.each([
    ["550 5.1.1 no user", "5.1.1"],
    ["no mailbox here by that name. (#5.1.1)", "5.1.1"],
    ["552-5.2.2 full", "5.2.2"],
  ])("of %j is %j", (words, status) => {
    expect(findStatus(words)).toBe(status);
  });

  test.each(["", "550 no user", "host 5.1.1.9 said", "host 195.1.1 said", "version 5.1.1.2", "1.5.1.1"])(
    "is not in %j",
    (words) => {
      expect(findStatus(words)).toBe(null);
    },
  );
});
