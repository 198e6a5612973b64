"""One training run: what it is made of, one step of it, and its way to disk and back."""

import time

import torch
from torch.nn import functional

import checkpoint
from data import Sampler, Vocabulary
from model import Gpt, rate_at


class Trainer:
    """A run of `settings` (a dict: see train.py) over `text`. After __init__ it stands at step 0, after restore() where it was."""

    def __init__(self, settings, text, text_sha256, pin, folder, progress):
        self.settings, self.pin, self.folder, self.progress = settings, pin, folder, progress
        self.device = torch.device(settings["device"])
        torch.manual_seed(settings["seed"])
        self.vocabulary = Vocabulary.of(text)
        self.tokens = self.vocabulary.encode(text)
        # What must be the same for a checkpoint to be of this run.
        names = ("layers", "width", "heads", "context", "batch", "dropout", "lr", "seed")
        self.identity = {"text_sha256": text_sha256, **{name: settings[name] for name in names}}
        self.sampler = Sampler(self.tokens, settings["context"], settings["batch"], settings["seed"])
        self.model = Gpt(self.vocabulary.size, settings["layers"], settings["width"], settings["heads"], settings["context"],
                         settings["dropout"]).to(self.device)
        decayed = [p for p in self.model.parameters() if p.dim() == 2]
        others = [p for p in self.model.parameters() if p.dim() != 2]
        self.optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                                           lr=settings["lr"], betas=(0.9, 0.95))
        self.losses = []
        self.saved_step = None

    @property
    def step(self):
        return self.sampler.step

    @property
    def steps(self):
        return self.settings["steps"]

    def train_step(self):
        """Does one step and reports it; returns its loss, which is finite, and the tokens it read per second."""
        began = time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step, self.steps, self.settings["lr"])
        inputs, targets = (part.to(self.device) for part in self.sampler.next())
        logits = self.model(inputs)
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        value = loss.item()
        if not value < float("inf"):
            raise checkpoint.CheckpointError(f"the loss of step {self.step} is {value}: training has come apart.\n"
                                             "Nothing was saved since. Try a lower --lr.")
        self.losses.append(value)
        rate = inputs.numel() / max(1e-9, time.monotonic() - began)
        self.progress.step(self.step, self.steps, {"loss": round(value, 6), "tokens_per_s": round(rate, 1)})
        return value, rate

    def summary(self):
        return {"step": self.step, "steps": self.steps, "windows_read": self.step * self.settings["batch"],
                "data_chain": self.sampler.chain, "weights_sha256": checkpoint.weights_sha256(self.model), "pin": self.pin,
                "torch": str(torch.__version__)}

    def save(self):
        """Puts the run on disk and says so; where this very step lies there already, only says so."""
        if self.saved_step != self.step:
            summary = self.summary()
            position, order = self.sampler.state()
            optimizer = self.optimizer.state_dict()
            tensors = {"model": self.model.state_dict(), "optimizer": optimizer["state"], "order": order,
                       "random": torch.get_rng_state(), "losses": torch.tensor(self.losses, dtype=torch.float64)}
            if self.device.type == "cuda":
                tensors["random_cuda"] = torch.cuda.get_rng_state(self.device)
            checkpoint.save(self.folder, tensors, {"identity": self.identity, "summary": summary, "position": position,
                                                   "optimizer_groups": optimizer["param_groups"]})
            self.saved_step = self.step
        self.progress.saved(self.step)

    def restore(self):
        """Goes to where the checkpoint folder says. Returns the warnings; None when there is no checkpoint."""
        loaded = checkpoint.load(self.folder)
        if loaded is None:
            return None
        tensors, plain = loaded
        differing = [f"{name}: {plain['identity'].get(name)} in the checkpoint, {value} now"
                     for name, value in self.identity.items() if plain["identity"].get(name) != value]
        if differing:
            raise checkpoint.CheckpointError(f"the checkpoint in {self.folder} is of another run.\n  " + "\n  ".join(differing)
                                             + "\nUse the settings of that run, or another --checkpoint-dir.")
        self.model.load_state_dict(tensors["model"])
        self.optimizer.load_state_dict({"state": tensors["optimizer"], "param_groups": plain["optimizer_groups"]})
        self.sampler.restore(plain["position"], tensors["order"])
        self.losses = tensors["losses"].tolist()
        torch.set_rng_state(tensors["random"])
        if self.device.type == "cuda" and "random_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random_cuda"], self.device)
        saved = plain["summary"]
        if checkpoint.weights_sha256(self.model) != saved["weights_sha256"] or len(self.losses) != self.step:
            raise checkpoint.CheckpointError(f"{self.folder}/checkpoint.pt contradicts itself: its weights do not have the digest "
                                             "that was taken when they were saved.\nPut back a whole copy, or remove the folder.")
        self.saved_step = self.step
        return self._differences(saved)

    def _differences(self, saved):
        warnings = []
        if saved["steps"] != self.steps:
            warnings.append(f"the run was planned for {saved['steps']} steps and now for {self.steps}; "
                            "the learning rate follows the new number")
        for name in sorted(saved["pin"].keys() | self.pin.keys()):
            if saved["pin"].get(name) != self.pin.get(name):
                warnings.append(f"{name} was {saved['pin'].get(name)} and is {self.pin.get(name)}: bits will differ")
        if saved["torch"] != str(torch.__version__):
            warnings.append(f"PyTorch was {saved['torch']} and is {torch.__version__}: bits may differ")
        return warnings

    def check_data(self):
        """Reads all batches up to this step anew, without training. Returns the chain of digests that they give."""
        again = Sampler(self.tokens, self.settings["context"], self.settings["batch"], self.settings["seed"])
        while again.step < self.step:
            again.next()
        return again.chain
