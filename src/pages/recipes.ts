// How to send with a minted address, by what sends; in short, the README has each at length.

export interface Recipe {
  readonly name: string;
  readonly note: string;
  readonly text?: string;
}

/**
 * @param origin of this deployment
 * @param address a sender of the domain
 */
export function recipes(origin: string, address: string): readonly Recipe[] {
  return [
    {
      name: "Nodemailer",
      note: "The client is src/client/countersign.ts, one file to be copied.",
      text: `const countersign = new Countersign({ url: "${origin}", token: process.env.COUNTERSIGN_TOKEN });
const { reversePath, messageId } = await countersign.mint("${address}");
await smtp.sendMail({
  envelope: { from: reversePath, to },
  messageId,
  from: "${address}", to, subject, text,
});`,
    },
    {
      name: "Python",
      note: "With the standard library alone.",
      text: `request = Request("${origin}/v1/addresses", json.dumps({"address": "${address}"}).encode(),
    {"Authorization": "Bearer " + os.environ["COUNTERSIGN_TOKEN"], "Content-Type": "application/json"})
with urlopen(request, timeout=30) as answer:
    minted = json.load(answer)
message["Message-ID"] = minted["messageId"]
smtp.send_message(message, from_addr=minted["reversePath"])`,
    },
    {
      name: "Postfix",
      note: "It passes on the reverse-path that your app gives it, by SMTP or by sendmail's -f.",
      text: `reverse_path=$(curl -sSf ${origin}/v1/addresses -H "Authorization: Bearer $COUNTERSIGN_TOKEN" \\
  -H "Accept: text/plain" --data-urlencode "address=${address}") &&
sendmail -f "$reverse_path" -t < message.eml`,
    },
    {
      name: "Exim",
      note: "It signs by itself, with a key that you bring along here (POST …/keys). Both accept each other's tags.",
      text: `remote_smtp:
  driver = smtp
  return_path = \${if def:return_path {\${prvs{$return_path}{SECRET}{NUMBER}}}}`,
    },
    {
      name: "Amazon SES",
      note: "Its envelope stays its own. It forwards feedback to ReturnPath: set that to the reverse-path.",
    },
  ];
}
