// A domain's webhook: where it is, how it fares, and telling it once more.

import { actorOf } from "../core/audit.ts";
import { readWebhookUrl } from "../core/webhook.ts";
import { redeliveryAnswer, webhookAnswer, writtenWebhookAnswer } from "./answers.ts";
import { domainOf, operation } from "./operation.ts";
import { formatTime } from "./outcome.ts";
import { problem, unconfigured, unusable } from "./problem.ts";
import { redeliverBody, webhookBody } from "./schemas.ts";

const URL = "https://app.example.net/countersign";

export const readWebhook = operation({
  id: "readWebhook",
  method: "get",
  path: "/v1/domains/:domain/webhook",
  scope: "admin",
  summary: "Read a domain's webhook and how its deliveries fare",
  statuses: [200],
  answer: webhookAnswer,
  problems: ["not-found"],
  example: {
    answer: {
      url: URL,
      lastSuccess: "2026-11-24T12:00:00.000Z",
      lastFailure: null,
      lastError: null,
      pending: 0,
      disabled: false,
    },
  },
  async handle(context) {
    const domain = domainOf(context);
    const health = await context.env.domains.webhook(domain);
    if (health === null) return noWebhook(domain);
    const { url, lastSuccess, lastFailure, lastError, pending, disabled } = health;
    const times = { lastSuccess: formatTime(lastSuccess), lastFailure: formatTime(lastFailure) };
    return { status: 200, body: { url, ...times, lastError, pending, disabled } };
  },
});

export const putWebhook = operation({
  id: "putWebhook",
  method: "put",
  path: "/v1/domains/:domain/webhook",
  scope: "admin",
  summary: "Set a domain's webhook, with a new secret",
  description:
    "Events are sent as Standard Webhooks says, signed with the secret that is answered here and nowhere else. What is pending goes to the new URL.",
  body: webhookBody,
  statuses: [200, 201],
  answer: writtenWebhookAnswer,
  problems: ["not-found"],
  example: {
    body: { url: URL },
    answer: { url: URL, secret: "whsec_9GwZMfRGZmVpZGd2bUcwM3NvbWV0aGluZyBzZWNyZXQ=" },
  },
  async handle(context, body) {
    const domain = domainOf(context);
    const reading = readWebhookUrl(body.url, context.env.webhookAllowLocal);
    if (reading.kind === "fault") return unusable([{ pointer: "#/url", detail: reading.detail }]);
    const { url } = reading;
    const written = await context.env.domains.setWebhook(domain, url, actorOf(context.var.caller));
    if (written.kind !== "created" && written.kind !== "written") return unconfigured(domain);
    const status = written.kind === "created" ? 201 : 200;
    return { status, body: { url, secret: written.secret } };
  },
});

export const deleteWebhook = operation({
  id: "deleteWebhook",
  method: "delete",
  path: "/v1/domains/:domain/webhook",
  scope: "admin",
  summary: "Remove a domain's webhook, with all that it has yet to be told",
  statuses: [204],
  answer: null,
  problems: ["not-found"],
  example: {},
  async handle(context) {
    const domain = domainOf(context);
    return (await context.env.domains.removeWebhook(domain, actorOf(context.var.caller)))
      ? { status: 204 }
      : noWebhook(domain);
  },
});

export const redeliver = operation({
  id: "redeliver",
  method: "post",
  path: "/v1/domains/:domain/webhook/redeliver",
  scope: "admin",
  summary: "Tell the webhook once more of an event",
  description: "It is sent at once, under the same `webhook-id`, and tried again like a new one.",
  body: redeliverBody,
  statuses: [200],
  answer: redeliveryAnswer,
  problems: ["not-found", "conflict"],
  example: { body: { id: "y4s5cdndqp56mnfj-2co4gaft-1" }, answer: { id: "y4s5cdndqp56mnfj-2co4gaft-1" } },
  async handle(context, { id }) {
    const domain = domainOf(context);
    switch (await context.env.domains.redeliver(domain, id)) {
      case "queued":
        return { status: 200, body: { id } };
      case "no-webhook":
        return noWebhook(domain);
      case "no-event":
        return problem("not-found", `The domain ${domain} has no event of that id.`);
      case "disabled":
        return problem("conflict", "The receiver answered 410, which ended the webhook. Set it anew first.");
    }
  },
});

export const webhookOperations = [readWebhook, putWebhook, deleteWebhook, redeliver];

function noWebhook(domain: string): Response {
  return problem("not-found", `The domain ${domain} has no webhook.`);
}
