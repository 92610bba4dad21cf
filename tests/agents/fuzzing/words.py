"""Values, flags and words that wrong inputs are made of."""

from typing import Any

from agents import arms, enjoy, evaluate, status, train, verify
from agents.study import command as study
from coordrl.compare import command as compare
from tests.agents.fuzzing.outcome import Main

ODD: list[Any] = [
    *(None, True, False, 0, -1, 3, 10**13, 10**40, 10**400, -0.5, 1e300, float("nan")),
    *(float("inf"), "", "x", "1e999", "nan", "../x", "/", ".", "..", "a" * 5000, "\0", "\ud800"),
    *("\x1b[2J", "\u202e", "\udcff", "é", "lin_", "lin_nan", "%s%n", "[/red]", "[link=x]", "=1+1"),
    *([], {}, [[]], {"": None}, [None], {"a": {"b": 1}}, [1, 2], ["x", "x"], [0.9], [[1], [2]]),
    *("@deep@", "@deeper@", "@digits@"),
]
PLACEHOLDERS = {
    "@deep@": "[" * 300 + "]" * 300,
    "@deeper@": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "@digits@": "9" * 5000,
}
ODD_YAML = [
    *("!!python/object/apply:os.system ['true']", "2001-01-01", "2001-99-99", "!!int x"),
    *("!!float x", "!!bool maybe", "!!binary '#'", "!!binary '/w=='", "!!set {a, b}", "!!null x"),
    *("!!omap [a: 1]", "!!pairs [a: 1]", "{[a]: 1}", "{{a: 1}: 2}", "{1: 2, b: 3}", "{? a}"),
    *("{<<: {a: 1}}", "{<<: 3}", "{<<: [1]}", "&a [*a]", "&a {b: *a}", "*nowhere", "&a &b x", "="),
    *("1:60:60", "0b", "0x", "0o9", "1_000_", "!<tag:yaml.org,2002:int> y", "1e5", "01", "@x", "`"),
    *("{a: 1, a: 2}", '"\\ud800"', '"\\0"', '"\\x1b[2J"', "!!str {a: 1}", "!!map [a]", "!!seq {}"),
    *("[" * 10_000, "[" * 300 + "]" * 300, "9" * 5000, "{.nan: 1}", "{null: 1}", "!!timestamp x"),
    "[&a [x,x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b,*b,*b,*b],"
    " &d [*c,*c,*c,*c,*c,*c,*c,*c,*c], &e [*d,*d,*d,*d,*d,*d,*d,*d,*d], &f [*e,*e,*e,*e,*e,*e,*e],"
    " &g [*f,*f,*f,*f,*f,*f,*f,*f,*f], &h [*g,*g,*g,*g,*g,*g,*g,*g,*g], *h]",
]
STUDY: dict[str, Any] = {
    "env": ["Breakout"],
    "algo": ["a2c"],
    "arms": ["standard", "mine"],
    "own_arms": {
        "mine": {
            "features_extractor_class": "coordrl.CoordNatureCNN",
            "features_extractor_kwargs": {"features_dim": 64},
            "policy": "stable_baselines3.common.policies.ActorCriticCnnPolicy",
            "hyperparams": {"a2c": {"gamma": 0.9}},
            "control": "standard",
        }
    },
    "seeds": 2,
    "n_timesteps": {"a2c": 16},
    "protocol": "sticky",
    "hyperparams": {"a2c": {"n_envs": 2, "learning_rate": "lin_7e-4", "optimizer_kwargs": {}}},
    "env_kwargs": {"screen_size": 84, "full_action_space": False},
    "eval_env_kwargs": {"grayscale": True},
    "eval_freq": 0,
    "sweep": {"n_steps": [5, 6]},
    "comparison": {"baseline": "standard", "test": "paired", "margin": 0.1},
    "note": "a note",
}
RECORDS = ("run.json", "progress.json", "study.json", "sweep.json", "evaluation.json")
LOGS = ("episodes.csv", "progress.csv", "run.json", "study.json")
MAINS: dict[str, Main] = {
    "train": train.main,
    "study": study.main,
    "evaluate": evaluate.main,
    "enjoy": enjoy.main,
    "verify": verify.main,
    "status": status.main,
    "arms": arms.main,
    "compare": compare.main,
}
WITHOUT_IMAGES = ["--algo", "a2c", "--env", "CartPole-v1", "-f", "out"]
"""Arguments of a training that is refused when its environments are made, whatever is added."""
FLAGS = {
    "train": "--algo --env --arm --seed --log-folder --run --like --trust --resume-inexactly -n "
    "--protocol --env-kwargs --eval-freq --eval-episodes --eval-env-kwargs --save-freq --device "
    "--num-threads --hyperparams",
    "study": "--env --algo --arms --seeds --sweep --log-folder --processes --executor --address "
    "--gpus-per-run --hang-timeout -n --protocol --env-kwargs --eval-freq --eval-episodes "
    "--eval-env-kwargs --save-freq --device --num-threads --hyperparams --resume-inexactly",
    "evaluate": "--n-eval-episodes --n-envs --deterministic --without-coordinates --seed --trust "
    "--env-kwargs --device --processes --json",
    "enjoy": "-f --env --algo -n --deterministic --seed --env-kwargs --trust -o",
    "verify": "--trust",
    "status": "--unknown",
    "arms": "--unknown",
    "compare": "--output --baseline --pattern --source --tag",
}
SWITCHES = ("--trust", "--json", "--deterministic", "--without-coordinates", "--resume-inexactly")
LIKELY: dict[str, list[str]] = {
    "--env-kwargs --eval-env-kwargs": [
        "screen_size:[]",
        "env_wrapper:x",
        "env_wrapper:[[]]",
        "render_mode:3",
        "env_wrapper:{a.b:3}",
        "env_wrapper:{os.path.join:{}}",
        "noop_max:1e9",
        "grayscale:maybe",
        "seed:1",
        "n_envs:1",
        "max_episode_steps:x",
        "max_episode_steps:-1",
        "id:x",
        "entry_point:os.system",
        "disable_env_checker:1",
        "square_size:0",
        "canvas:x",
        "size:1e400",
        "a:{<<:3}",
        "a:2001-99-99",
        "a:=",
        "a:[[",
        "frame_stack:4",
    ],
    "--hyperparams": [
        "betas:[.9]",
        "optimizer_kwargs:{betas:[.9]}",
        "optimizer_class:Adam",
        "gamma:10e400",
        "optimizer_kwargs:{betas:x}",
        "optimizer_kwargs:{eps:[]}",
        "n_envs:1000000000",
        "n_steps:1000000000000",
        "optimizer_kwargs:{alpha:9e999,weight_decay:x}",
        "learning_rate:lin_nan",
        "learning_rate:1e-400",
        "frame_stack:65",
        "frame_stack:1",
        "n_steps:1.5",
        "max_grad_norm:{}",
        "normalize_advantage:9",
    ],
    "--sweep": [
        "gamma=.nan",
        "n_steps=1,2",
        "n_steps=1,1",
        "gamma=x,y",
        "n_steps=[1],[2]",
        "n_steps={}",
        "gamma=&a",
        "optimizer_kwargs={}",
        "x=1",
        "learning_rate=1e-4,2e-4,lin_1",
        "/=1",
        "../x=1",
        "n_steps=",
    ],
    "-n --n-timesteps --n-eval-episodes --n-envs --processes --seeds --eval-freq --save-freq "
    "--eval-episodes --num-threads --hang-timeout --seed": [
        "0",
        "1",
        "2",
        "-1",
        "1e12",
        "1e13",
        "nan",
        "9999",
    ],
    "--arm --arms": [
        "os.path",
        "a..b",
        ".:x",
        "torch.nn.Linear",
        "coordrl.x",
        "json.decoder.JSONDecoder",
        "x.y",
    ],
    "--env": [
        ".:x",
        "a:b",
        "suite:x",
        "../x",
        "os:x",
        "x.y:z",
        "Pong/x",
        "gymnasium:x",
        "NotSoClevr",
        "/x",
        "CartPole-v99",
    ],
    "--device": ["meta", "cuda:99", "cpu:-1", "cpu:x", "mps", "xla", "hpu"],
    "--pattern": ["{arm}/{seed}", "{arm", "{}", "{arm}{arm}", "**", "{game}/{arm}/{seed}/{step}"],
}
"""What a flag's own kind of values leads to."""
ODD_WORDS = [
    *("", "0", "-1", "1", "1e3", "nan", "inf", "1e400", "9" * 5000, "x", "a:b", "a:", ":a", "a=b"),
    *("=", "n_envs:4", "n_steps=1,2", "gamma=.nan", "\udcff", "\x1b[2J", "é", "a" * 5000, ".:x"),
    *("/dev/null", "/proc/x", "study.yaml/x", "standard", "coord", "a2c", "ppo", "os.path", "auto"),
    *(
        "cuda:99",
        "meta",
        "cpu",
        "a..b",
        "suite:x",
        "suite:",
        "{arm}/{seed}",
        "{arm",
        "{}",
        "*",
        "[",
    ),
    *("betas:[.9]", "optimizer_kwargs:{betas: [.9]}", "optimizer_class:Adam", "frame_stack:1"),
    *("features_dim:9e9", "env_wrapper:x", "env_wrapper:[[]]", "env_wrapper:{a.b: 1}", "--", "-x"),
    *(
        "screen_size:[]",
        "render_mode:human",
        "a:{<<: 3}",
        "a:&a [*a]",
        "a:2001-99-99",
        "a:=",
        "a:!",
    ),
    *("noop_max:1e9", "seed:1", "grayscale:maybe", "gamma:10e400", "learning_rate:lin_nan", "a:[["),
]
