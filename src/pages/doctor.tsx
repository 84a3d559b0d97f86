// The doctor: what a domain's DNS and its own records say of its mail, and what to do.

import type { Hono } from "hono";
import { readReadiness } from "../api/domains.ts";
import { type Desk, domainOf, read, show } from "./desk.ts";
import { DomainPage } from "./layout.tsx";
import { Checks } from "./mail.tsx";

const IN_DNS = ["mx", "spf", "dkim", "dmarc"];

export const doctorPages = (pages: Hono<Desk>) =>
  pages.get("/domains/:domain/doctor", async (visit) => {
    const domain = domainOf(visit);
    const { checks } = await read(visit, readReadiness, { params: { domain } });
    const inDns = checks.filter(({ id }) => IN_DNS.includes(id));
    const page = (
      <DomainPage domain={domain} path="/doctor" caller={visit.var.caller}>
        <h2>Doctor</h2>
        <p>
          Bounce validation stands on this: every address that takes mail has a route, and there is no
          catch-all; SPF and DKIM tell others what is yours; and signing is on both sides or on none: all that
          you send is signed, and all that comes back is checked.
        </p>
        <h3>In the DNS</h3>
        {inDns.length === 0 ? (
          <p>The DNS was not looked up: DOH_URL is empty, or storage did not answer.</p>
        ) : (
          <Checks checks={inDns} />
        )}
        <h3>Here</h3>
        <Checks checks={checks.filter(({ id }) => !IN_DNS.includes(id))} />
      </DomainPage>
    );
    return show(visit, page);
  });
