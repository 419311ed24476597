/** One page of a list of items, as OpenAI pages: `limit`, `order` and `after`. Knows no store. */
import { Type } from '@sinclair/typebox';
import { createSchemaCheck } from '../check-schema.js';
import { OneOf } from '../schemas/common.js';
import { invalidParameter } from '../server-error.js';
import type { Item } from './items.js';

const checkQuery = createSchemaCheck(
  Type.Object({
    limit: Type.Optional(Type.String({ pattern: '^(100|[1-9][0-9]?)$' })),
    order: Type.Optional(OneOf(['asc', 'desc'])),
    after: Type.Optional(Type.String({ maxLength: 128 })),
  }),
);

/** `items` oldest first; newest first is the default order, 20 the default limit, 100 the largest. */
export const listItems = (items: readonly Item[], query: unknown) => {
  const { limit = '20', order = 'desc', after } = checkQuery(query);
  const ordered = order === 'asc' ? items : items.toReversed();
  const start = after === undefined ? 0 : ordered.findIndex((item) => item.id === after) + 1;
  if (after !== undefined && start === 0)
    throw invalidParameter('after', `Invalid 'after': no item of this response has the id '${after}'.`);
  const data = ordered.slice(start, start + Number(limit));
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + data.length < ordered.length,
  };
};
