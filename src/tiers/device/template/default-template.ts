/**
 * The chat template for models whose file carries none: ChatML, which most instruction models have seen.
 */

export const defaultChatTemplate = `{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}`;

/** A vocabulary without these as tokens does not stop at them by itself. */
export const defaultTemplateStops: readonly string[] = ['<|im_end|>', '<|im_start|>'];
