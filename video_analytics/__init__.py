"""video_analytics: what Panopto and Brightcove know about their videos, as data people trust."""
