"""vLLM's own word on argument lists of `vllm serve`, in vLLM's environment: JSON in, JSON out, no server started.

Standard input: `{"lists": [[…], …], "configs": [folder or null, …]}`. A list with a folder is also made into vLLM's
engine configuration, of the config.json in that folder. Standard output: what the parser knows, and an answer for each
list.
"""

import contextlib
import io
import json
import sys
import warnings
from typing import Any

import vllm
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS
from vllm.model_executor.model_loader import _LOAD_FORMAT_TO_MODEL_LOADER
from vllm.tool_parsers import ToolParserManager
from vllm.utils.argparse_utils import FlexibleArgumentParser

try:
    from vllm.entrypoints.common.cli_args import make_arg_parser, validate_parsed_serve_args
except ImportError:  # until 0.32
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args

KEPT = {
    "--max-model-len": ("model_config", "max_model_len"),
    "--max-num-seqs": ("scheduler_config", "max_num_seqs"),
    "--max-num-batched-tokens": ("scheduler_config", "max_num_batched_tokens"),
}
"""Numbers that sizing counts on, and where vLLM keeps them."""

parser = make_arg_parser(FlexibleArgumentParser(prog="vllm serve"))


def answer(args: list[str], folder: str | None) -> str:
    """Complaint of vLLM about one list; empty where it takes it as it is."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            parsed = parser.parse_args(args)
            parsed.model = parsed.model_tag
            validate_parsed_serve_args(parsed)
            engine_args = AsyncEngineArgs.from_cli_args(parsed)
            if folder is not None:
                engine_args.model = engine_args.tokenizer = folder
                return changed(engine_args.create_engine_config(), args)
            return "; ".join(str(each.message) for each in warned if "deprecated" in str(each.message))
    except SystemExit:
        return said.getvalue().strip().splitlines()[-1]
    except Exception as error:  # whatever vLLM raises is its answer
        return f"{type(error).__name__}: {error}"


def changed(config: Any, args: list[str]) -> str:
    """Numbers that the engine's configuration has otherwise than the argument list."""
    got = {flag: getattr(getattr(config, part), name) for flag, (part, name) in KEPT.items()}
    wanted = {flag: int(args[args.index(flag) + 1]) for flag in KEPT if flag in args}
    return ", ".join(f"{flag} {wanted[flag]} became {got[flag]}" for flag in wanted if wanted[flag] != got[flag])


asked = json.load(sys.stdin)
answers = [answer(args, folder) for args, folder in zip(asked["lists"], asked["configs"], strict=True)]
json.dump(
    {
        "version": vllm.__version__,
        "deprecated": [
            flag
            for action in parser._actions
            if getattr(action, "deprecated", False) or "deprecated" in (action.help or "").lower()
            for flag in action.option_strings
        ],
        "quantizations": list(QUANTIZATION_METHODS),
        "load_formats": list(_LOAD_FORMAT_TO_MODEL_LOADER),
        "tool_parsers": ToolParserManager.list_registered(),
        "answers": answers,
    },
    sys.stdout,
)
