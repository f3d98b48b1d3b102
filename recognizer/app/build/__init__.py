"""The composition root: builds objects from settings; the only code that knows two implementations of one protocol."""

from recognizer.app.build.detectors import exact_detector as exact_detector
from recognizer.app.build.detectors import photo_detector as photo_detector
from recognizer.app.build.detectors import proposal_net as proposal_net
from recognizer.app.build.detectors import video_detector as video_detector
from recognizer.app.build.embedders import classifier as classifier
from recognizer.app.build.embedders import embedder as embedder
from recognizer.app.build.embedders import model as model
from recognizer.app.build.frame_sources import only_photos as only_photos
from recognizer.app.build.frame_sources import source as source
from recognizer.app.build.frame_sources import sources as sources
from recognizer.app.build.galleries import enrolled_people as enrolled_people
from recognizer.app.build.galleries import index_of as index_of
from recognizer.app.build.galleries import rejections as rejections
from recognizer.app.build.name_thresholds import calibrated as calibrated
from recognizer.app.build.name_thresholds import has_thresholds as has_thresholds
from recognizer.app.build.name_thresholds import likeness as likeness
from recognizer.app.build.name_thresholds import limits as limits
from recognizer.app.build.name_thresholds import site_calibration as site_calibration
from recognizer.app.build.name_thresholds import stranger_watch as stranger_watch
from recognizer.app.build.name_thresholds import strangers_near as strangers_near
from recognizer.app.build.name_thresholds import thresholds as thresholds
from recognizer.app.build.pipelines import photo_context as photo_context
from recognizer.app.build.pipelines import photo_pipeline as photo_pipeline
from recognizer.app.build.pipelines import video_context as video_context
from recognizer.app.build.pipelines import video_pipeline as video_pipeline
