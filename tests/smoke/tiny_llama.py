"""A Llama of random weights, with the files of Meta's checkpoints, and a LoRA adapter of it. In vLLM's environment.

argv: the folder of the model, the folder of the adapter, and how many heads, 4 by default.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

BEGIN, END_OF_TURN, PAD = "<|begin_of_text|>", "<|eot_id|>", "<|finetune_right_pad_id|>"
HEADER = ("<|start_header_id|>", "<|end_header_id|>")
SPECIAL = [BEGIN, "<|end_of_text|>", *HEADER, END_OF_TURN, "<|eom_id|>", "<|python_tag|>", PAD]
CONTEXT_TOKENS, RANK = 131_072, 8
HEAD_DIM = 48
"""No multiple of 32: with those vLLM uses AMX where the CPU has it, without having asked Linux for it (arch_prctl), and
dies of SIGILL in cpu_attention_with_kv_cache. Seen with 0.32.0, 2026-11-28."""
CHAT_TEMPLATE = (
    "{{- bos_token }}"
    "{%- if tools %}{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' + (tools | tojson) + '<|eot_id|>' }}"
    "{%- endif %}"
    "{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] + '<|eot_id|>' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)


def tokenizer() -> Any:
    made = Tokenizer(models.BPE(ignore_merges=True))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=1000, special_tokens=SPECIAL, initial_alphabet=alphabet)
    made.train_from_iterator([Path(__file__).read_text()] * 3, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=BEGIN, eos_token=END_OF_TURN, pad_token=PAD, model_max_length=CONTEXT_TOKENS
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def llama(tokens: Any, heads: int) -> Any:
    begin, end = tokens.convert_tokens_to_ids([BEGIN, END_OF_TURN])
    rope = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    config = LlamaConfig(
        vocab_size=1024,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=2,
        head_dim=HEAD_DIM,
        max_position_embeddings=CONTEXT_TOKENS,
        rope_theta=500_000.0,
        rope_scaling={**rope, "original_max_position_embeddings": 8192},
        bos_token_id=begin,
        eos_token_id=end,
        tie_word_embeddings=False,
        dtype=torch.bfloat16,
    )
    made = LlamaForCausalLM(config).to(torch.bfloat16)
    made.generation_config = GenerationConfig(
        bos_token_id=begin, eos_token_id=[end], do_sample=True, temperature=0.6, top_p=0.9
    )
    return made


def save_adapter(folder: Path, config: Any) -> None:
    """Write an adapter of large random weights, so that its answers are others than the model's own."""
    heads = {"q_proj": config.num_attention_heads, "v_proj": config.num_key_value_heads}
    widths = {name: count * config.head_dim for name, count in heads.items()}
    tensors = {}
    for layer in range(config.num_hidden_layers):
        for name, width in widths.items():
            base = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{base}.lora_A.weight"] = torch.randn(RANK, config.hidden_size) * 0.5
            tensors[f"{base}.lora_B.weight"] = torch.randn(width, RANK) * 0.5
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    described = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "", "inference_mode": True}
    shape = {"r": RANK, "lora_alpha": 16, "lora_dropout": 0.0, "bias": "none", "target_modules": list(widths)}
    (folder / "adapter_config.json").write_text(json.dumps({**described, **shape}))


torch.manual_seed(0)
model_folder, adapter_folder = map(Path, sys.argv[1:3])
tokens = tokenizer()
tokens.save_pretrained(model_folder)
model = llama(tokens, int((sys.argv[3:] or ["4"])[0]))
# Several files, as large checkpoints have.
model.save_pretrained(model_folder, max_shard_size="1MB")
save_adapter(adapter_folder, model.config)
