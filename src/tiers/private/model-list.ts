/**
 * Reads `GET /v1/models` of the servers that one may run oneself: names, context lengths under each server's own field,
 * and which server it is. Knows no connection.
 */
import type { ServerKind } from '../remote/openai/dialect.js';
import { RemoteError } from '../remote/remote-error.js';
import { asArray, asCount, asObject, asText, type JsonObject, parseObjectBytes } from '../remote/wire-json.js';

export interface FoundModels {
  readonly server: ServerKind;
  readonly models: readonly {
    readonly id: string;
    /** Tokens; null where the server does not tell. */
    readonly contextLength: number | null;
  }[];
}

const serverOfOwner: Readonly<Record<string, ServerKind>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  llamacpp: 'llama-server',
};

const serverOf = (model: JsonObject): ServerKind => {
  if (asObject(model.spillway) !== null) return 'spillway';
  const owner = asText(model.owned_by);
  return Object.hasOwn(serverOfOwner, owner) ? serverOfOwner[owner]! : 'other';
};

/** vLLM and SGLang say max_model_len, Spillway context_length, llama-server puts it under meta. */
const contextLengthOf = (model: JsonObject): number | null => {
  const meta = asObject(model.meta);
  const length =
    asCount(model.max_model_len) ?? asCount(model.context_length) ?? asCount(meta?.n_ctx) ?? asCount(meta?.n_ctx_train);
  return length === 0 ? null : length;
};

/** Throws RemoteError `malformed` for what is no list of models. */
export const readModelList = (body: Uint8Array, endpoint: string): FoundModels => {
  const list = parseObjectBytes(body);
  if (list === null || !Array.isArray(list.data))
    throw new RemoteError('malformed', `Endpoint ${endpoint} sent a list of models that is none`, {
      endpoint,
      answerStarted: false,
    });
  const models = asArray(list.data).flatMap((value) => {
    const model = asObject(value);
    return model === null || asText(model.id) === '' ? [] : [model];
  });
  return {
    server: models.length === 0 ? 'other' : serverOf(models[0]!),
    models: models.map((model) => ({ id: asText(model.id), contextLength: contextLengthOf(model) })),
  };
};
