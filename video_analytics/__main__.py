"""`python -m video_analytics`: the same as the command `video-analytics`."""

from video_analytics.cli import main

if __name__ == "__main__":
    main()
