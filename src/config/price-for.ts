/** The price of a model at an endpoint: as configured, else as listed for the provider on that day. Pure. */
import { findPrice } from '../route/prices.js';
import type { TokenPrice } from '../route/route.js';

export interface KnownPrice {
  readonly price: TokenPrice;
  /** `configuration`, or where the listed price was read and when. */
  readonly source: string;
  readonly asOf: string | null;
}

/**
 * Null where none is known. A price of `endpoint/model` goes before one of `model`; an own machine (`kind` null) only
 * costs what was set for `endpoint/model`, so that a provider's price of the same model is not put on it.
 */
export const priceFor = ({
  prices,
  endpoint,
  model,
  day,
}: {
  readonly prices: Readonly<Record<string, TokenPrice>>;
  readonly endpoint: { readonly name: string; readonly kind: string | null };
  readonly model: string;
  /** `YYYY-MM-DD` */
  readonly day: string;
}): KnownPrice | null => {
  const names = endpoint.kind === null ? [`${endpoint.name}/${model}`] : [`${endpoint.name}/${model}`, model];
  for (const name of names)
    if (Object.hasOwn(prices, name)) return { price: prices[name]!, source: 'configuration', asOf: null };
  const listed = endpoint.kind === null ? null : findPrice({ provider: endpoint.kind, model, day });
  return listed === null ? null : { price: listed.price, source: listed.source, asOf: listed.asOf };
};
