/** All actions by name, as callers and threads name them. */

import type { Action } from './action.js';
import { listBudgetsAction, removeBudgetAction, setBudgetAction } from './budget-actions.js';
import { answerConsentAction, askConsentAction, findConsentAction, redeemConsentAction } from './consent-actions.js';
import { createKeyAction, findKeyAction, listKeysAction, revokeKeyAction } from './key-actions.js';
import { trackRatesAction } from './rate-actions.js';
import { expiredAction } from './reap-action.js';
import { findReceiptAction, listReceiptsAction, listSignersAction } from './receipt-actions.js';
import { usageAction } from './usage-action.js';

export const actions = {
  createKey: createKeyAction,
  findKey: findKeyAction,
  listKeys: listKeysAction,
  revokeKey: revokeKeyAction,
  setBudget: setBudgetAction,
  removeBudget: removeBudgetAction,
  listBudgets: listBudgetsAction,
  trackRates: trackRatesAction,
  expired: expiredAction,
  askConsent: askConsentAction,
  findConsent: findConsentAction,
  answerConsent: answerConsentAction,
  redeemConsent: redeemConsentAction,
  usage: usageAction,
  findReceipt: findReceiptAction,
  listReceipts: listReceiptsAction,
  listSigners: listSignersAction,
} as const;

export type ActionName = keyof typeof actions;
export type ArgsOf<Name extends ActionName> = Parameters<(typeof actions)[Name]['step']>[0];
export type ResultOf<Name extends ActionName> =
  (typeof actions)[Name] extends Action<never, infer Result> ? Result : never;

/** An action by name, its types erased. */
export const actionNamed = (name: ActionName): Action<unknown, unknown> => actions[name] as Action<unknown, unknown>;
