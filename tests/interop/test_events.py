# SPDX-License-Identifier: Apache-2.0
"""The tensorboard package reads lt's event files, value for value what torch's SummaryWriter would have written."""

import io
import math
from pathlib import Path

import numpy
import torch
import yaml
from PIL import Image
from support import InteropTest, ask
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader, RawEventFileLoader
from tensorboard.plugins.hparams import plugin_data_pb2
from torch.utils.tensorboard import summary


def default_bins():
    edges, v = [], 1e-12
    while v < 1e20:
        edges.append(v)
        v *= 1.1
    return [-e for e in edges[::-1]] + [0] + edges


class Events(InteropTest):
    def setUp(self):
        super().setUp()
        self.dir = Path(ask("events", self.folder)["dir"])
        self.file, = self.dir.glob("events.out.tfevents.*")
        # Raw: as they were written; EventFileLoader converts old forms into new ones.
        from tensorboard.compat.proto.event_pb2 import Event
        self.events = [Event.FromString(raw) for raw in RawEventFileLoader(str(self.file)).Load()]
        self.values = [(event, value) for event in self.events for value in event.summary.value]

    def of(self, tag):
        return [(event.step, value) for event, value in self.values if value.tag == tag]

    def test_the_file(self):
        self.assertEqual(self.dir, self.folder / "run/deep/version_0")
        self.assertRegex(self.file.name, r"^events\.out\.tfevents\.\d{10}\.[^/]+\.\d+\.\d+$")
        self.assertEqual(self.events[0].file_version, "brain.Event:2")
        self.assertTrue(all(event.wall_time > 1e9 for event in self.events))
        self.assertGreater(len(list(EventFileLoader(str(self.file)).Load())), 1000)

    def test_scalars(self):
        self.assertEqual([(s, v.simple_value) for s, v in self.of("loss")], [(7, float(numpy.float32(0.1)))])
        self.assertEqual([(s, v.simple_value) for s, v in self.of("epoch")], [(7, 3.0)])
        self.assertTrue(math.isnan(self.of("nan")[0][1].simple_value))
        self.assertEqual(self.of("inf")[0][1].simple_value, -math.inf)
        self.assertEqual([(s, v.simple_value) for s, v in self.of("many")], [(i, i / 8) for i in range(1000)])

    def test_text_and_histograms_are_those_of_the_summary_writer(self):
        (step, value), = self.of("note/text_summary")
        self.assertEqual(step, 2)
        wanted = summary.text("note", "**bold** ü").value[0]
        self.assertEqual(value.tensor, wanted.tensor)
        self.assertEqual(value.metadata.plugin_data.plugin_name, "text")
        for tag, numbers in (("weights", torch.arange(-50, 50, dtype=torch.float64) / 7), ("zero", torch.zeros(5))):
            wanted = summary.histogram(tag, numbers, default_bins()).value[0].histo
            found = self.of(tag)[0][1].histo
            self.assertEqual(list(found.bucket), list(wanted.bucket))
            self.assertEqual(list(found.bucket_limit), list(wanted.bucket_limit))
            for field in ("min", "max", "num", "sum", "sum_squares"):
                self.assertAlmostEqual(getattr(found, field), getattr(wanted, field), places=9)

    def test_images(self):
        grey = self.of("grey")[0][1].image
        self.assertEqual((grey.height, grey.width, grey.colorspace), (3, 4, 1))
        pixels = numpy.asarray(Image.open(io.BytesIO(grey.encoded_image_string)))
        self.assertEqual(pixels.tolist(), numpy.arange(12).reshape(3, 4).tolist())
        colour = self.of("colour")[0][1].image
        pixels = numpy.asarray(Image.open(io.BytesIO(colour.encoded_image_string)))
        tensor = (torch.arange(300 * 200 * 3) % 256).view(3, 300, 200) / 255.0
        image = summary.image("c", tensor, dataformats="CHW").value[0].image
        wanted = numpy.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
        self.assertTrue(numpy.array_equal(pixels, wanted))

    def test_hyper_parameters(self):
        self.assertEqual([(s, v.simple_value) for s, v in self.of("hp_metric")], [(0, -1.0)])
        params = {"lr": 0.1, "hidden": 128, "flag": True, "name": "ü", "nothing": "None", "sizes": "[1, 2.5]",
                  "deep/a": 1}
        wanted = summary.hparams(params, {"hp_metric": -1})
        for message, tag in zip(wanted, ("experiment", "session_start_info", "session_end_info")):
            found = self.of("_hparams_/" + tag)[0][1].metadata.plugin_data
            other = message.value[0].metadata.plugin_data
            self.assertEqual(found.plugin_name, other.plugin_name)
            read = plugin_data_pb2.HParamsPluginData.FromString
            self.assertEqual(read(found.content), read(other.content))
        self.assertEqual(yaml.safe_load((self.dir / "hparams.yaml").read_text()),
                         {"lr": 0.1, "hidden": 128, "flag": True, "name": "ü", "nothing": None, "sizes": [1, 2.5],
                          "deep": {"a": 1}})
