"""What makes the engine run by itself: runner threads in this process, and duties that come round."""

from engine.dispatch.threads import Runners

__all__ = ["Runners"]
