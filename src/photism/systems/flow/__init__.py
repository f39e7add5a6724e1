"""Flow: our own system, see `photism.systems.flow.system`."""

from photism.systems.flow.config import FlowConfig as FlowConfig
from photism.systems.flow.config import FlowSampling as FlowSampling
from photism.systems.flow.system import Flow as Flow
