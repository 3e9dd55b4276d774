"""Trackers of the family of DeepStream's multi-object tracker: IOU, NvSORT and NvDCF.

They share one way of managing targets and differ in their modules: how detections are associated, what
estimates the motion, and whether a visual tracker looks for the targets in the picture. DeepStream's
low-level tracker files name and tune these modules; :mod:`parameters` gives them as values.
"""
