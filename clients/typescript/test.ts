// Compiled, never run: uses that must type-check, and mistakes that must not.
import type { Event, Problem, operations, schemas } from "./wattmandi";

const wish: operations["post_seller_offers"]["body"] = {
  meter_id: "TEST_METER_ASHA",
  slots: [{ start: "2026-11-22T05:30:00Z", quantity_kwh: "5", price_inr: "6.50" }],
};

// @ts-expect-error an offer without slots
const incomplete: schemas["NewOffer"] = { meter_id: wish.meter_id };

export function told(event: Event): string {
  switch (event.kind) {
    case "contract.settled":
      return event.data.settled_kwh;
    case "account.changed":
      return event.data.balance_inr;
    // @ts-expect-error no such kind
    case "contract.nothing":
    default:
      return event.transaction_id;
  }
}

export function advice(problem: Problem): string {
  return problem.next_step ?? problem.detail;
}

export type Page = operations["get_seller_offers"]["responses"][200]["application/json"];
export const first = (page: Page): string | undefined => page.items[0]?.id;
export default incomplete;
